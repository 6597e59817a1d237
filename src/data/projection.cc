#include "data/projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "data/batch.h"
#include "data/batch_builder.h"

namespace caudal {
namespace {

Error Bad(const Field& wanted, std::string_view what) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("column {} (field {}): {}", wanted.name, wanted.id, what));
}

// The same fields in the same places, whatever their names.
bool SameFields(const Type& a, const Type& b) {
  if (!a.nested() || a.kind() != b.kind()) return a == b;
  if (a.fields().size() != b.fields().size()) return false;
  for (size_t i = 0; i < a.fields().size(); ++i) {
    const Field& x = a.fields()[i];
    const Field& y = b.fields()[i];
    if ((a.Is(TypeKind::kStruct) && x.id != y.id) || !SameFields(x.type, y.type)) return false;
  }
  return true;
}

bool CanConvert(const Type& from, const Type& to) {
  if (to.Is(TypeKind::kFixed) || to.Is(TypeKind::kUuid)) return from.Is(TypeKind::kBinary);
  return CanPromote(from, to, 2);
}

Result<Array> Convert(const Array& source, const Field& wanted) {
  const Type& to = wanted.type;
  if (!CanConvert(source.type(), to))
    return Bad(wanted, fmt::format("the file holds {}, not {}", source.type().Text(), to.Text()));
  ColumnBuilder builder(to);
  for (int64_t row = 0; row < source.length(); ++row) {
    if (source.IsNull(row)) {
      builder.AppendNull();
    } else if (to.Is(TypeKind::kLong)) {
      builder.AppendLong(source.values<int32_t>()[row]);
    } else if (to.Is(TypeKind::kDouble)) {
      builder.AppendDouble(source.values<float>()[row]);
    } else if (to.Is(TypeKind::kDecimal)) {
      builder.AppendDecimal(source.values<Int128>()[row]);
    } else {
      const std::string_view bytes = source.bytes(row);
      if (static_cast<int64_t>(bytes.size()) != WidthOf(to))
        return Bad(wanted, fmt::format("{} bytes, not those of {}", bytes.size(), to.Text()));
      builder.AppendBytes(bytes);
    }
  }
  return builder.Finish();
}

Result<Array> ProjectStruct(const Array& source, const Field& wanted) {
  const std::vector<Field>& have = source.type().fields();
  std::vector<Array> children;
  for (const Field& part : wanted.type.fields()) {
    const auto found =
        std::ranges::find_if(have, [&](const Field& field) { return field.id == part.id; });
    Result<Array> child =
        found == have.end()
            ? ProjectMissing(source.length(), part)
            : Project(source.children()[static_cast<size_t>(found - have.begin())], part);
    if (!child.ok()) return child;
    children.push_back(std::move(child).take());
  }
  return source.WithChildren(wanted.type, std::move(children));
}

}  // namespace

Result<Array> ProjectMissing(int64_t rows, const Field& wanted) {
  if (wanted.initial_default)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("column {} (field {}) is missing, and its initial default is "
                                 "not read",
                                 wanted.name, wanted.id));
  if (wanted.required) return Bad(wanted, "is missing, but required");
  return Array::Nulls(wanted.type, rows);
}

Result<Array> Project(const Array& source, const Field& wanted) {
  const Type& from = source.type();
  if (SameFields(from, wanted.type)) return source.As(wanted.type);
  if (!wanted.type.nested()) return Convert(source, wanted);
  if (from.kind() != wanted.type.kind())
    return Bad(wanted, fmt::format("the file holds {}, not {}", from.Text(), wanted.type.Text()));
  if (from.Is(TypeKind::kStruct)) return ProjectStruct(source, wanted);
  std::vector<Array> children;
  for (size_t i = 0; i < source.children().size(); ++i) {
    Array child = TRY(Project(source.children()[i], wanted.type.fields()[i]));
    children.push_back(std::move(child));
  }
  return source.WithChildren(wanted.type, std::move(children));
}

}  // namespace caudal
