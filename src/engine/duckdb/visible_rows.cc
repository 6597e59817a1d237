#include "engine/duckdb/visible_rows.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/duckdb/handles.h"

namespace caudal::engine {
namespace {

bool Has(std::span<const uint64_t> words, int64_t row) {
  const auto word = static_cast<uint64_t>(row) >> 6;  // one below zero is behind all
  return word < words.size() && (words[word] >> (row & 63) & 1) != 0;
}

// Also when every value is: then there is no mask.
bool Valid(const uint64_t* mask, idx_t i) {
  return mask == nullptr || (mask[i >> 6] >> (i & 63) & 1) != 0;
}

// The same bytes, by where they are or, of short ones, what they are.
bool Same(const duckdb_string_t& a, const duckdb_string_t& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Most rows that come together are of one file.
bool OfOneFile(const duckdb_string_t* paths, idx_t count) {
  uint64_t first[2] = {};
  uint64_t differs = 0;
  if (count > 0) std::memcpy(first, paths, sizeof first);
  for (idx_t i = 1; i < count; ++i) {
    uint64_t path[2];
    std::memcpy(path, &paths[i], sizeof path);
    differs |= (path[0] ^ first[0]) | (path[1] ^ first[1]);
  }
  return differs == 0;
}

void ShowRows(std::span<const uint64_t> words, const int64_t* numbers, idx_t count, bool* visible) {
  for (idx_t i = 0; i < count; ++i) visible[i] = !Has(words, numbers[i]);
}

}  // namespace

Result<void> VisibleRows::AddTo(duckdb_connection connection) {
  const TypeHandle text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const TypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  const TypeHandle boolean(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "caudal_visible");
  duckdb_scalar_function_add_parameter(function, text.get());
  duckdb_scalar_function_add_parameter(function, number.get());
  duckdb_scalar_function_set_return_type(function, boolean.get());
  duckdb_scalar_function_set_extra_info(function, this, nullptr);
  duckdb_scalar_function_set_function(function, Call);
  const duckdb_state added = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (added == DuckDBSuccess) return {};
  return MakeError(ErrorKind::kInternal, "DuckDB doesn't take the function caudal_visible");
}

void VisibleRows::HideNothing() {
  hidden_.clear();
  memory_.reset();
}

Result<void> VisibleRows::Hide(const HideMessage& message, const os::File& memory) {
  HideNothing();
  memory_ = TRY(os::MappedMemory::Map(memory));
  const std::string_view bytes = memory_->bytes();
  const uint64_t words = bytes.size() / sizeof(uint64_t);
  // Pages are aligned, so words of it are.
  const std::span all(reinterpret_cast<const uint64_t*>(bytes.data()), words);
  for (const HideMessage::Input& input : message.inputs) {
    if (input.offset > words || input.words > words - input.offset)
      return MakeError(ErrorKind::kInvalid, "hidden rows lie behind their memory");
    hidden_[input.path] = all.subspan(input.offset, input.words);
  }
  return {};
}

std::span<const uint64_t> VisibleRows::Of(duckdb_string_t path) const {
  const auto found =
      hidden_.find(std::string(duckdb_string_t_data(&path), duckdb_string_t_length(path)));
  return found == hidden_.end() ? std::span<const uint64_t>() : found->second;
}

void VisibleRows::Call(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& self = *static_cast<const VisibleRows*>(duckdb_scalar_function_get_extra_info(info));
  const duckdb_vector files = duckdb_data_chunk_get_vector(input, 0);
  const duckdb_vector rows = duckdb_data_chunk_get_vector(input, 1);
  const auto* paths = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(files));
  const auto* numbers = static_cast<const int64_t*>(duckdb_vector_get_data(rows));
  const uint64_t* has_path = duckdb_vector_get_validity(files);
  const uint64_t* has_number = duckdb_vector_get_validity(rows);
  auto* visible = static_cast<bool*>(duckdb_vector_get_data(output));
  const idx_t count = duckdb_data_chunk_get_size(input);
  if (has_path == nullptr && has_number == nullptr && OfOneFile(paths, count)) {
    if (count > 0) ShowRows(self.Of(paths[0]), numbers, count, visible);
    return;
  }
  const duckdb_string_t* last = nullptr;
  std::span<const uint64_t> words;
  for (idx_t i = 0; i < count; ++i) {
    visible[i] = true;
    if (!Valid(has_path, i) || !Valid(has_number, i)) continue;
    if (last == nullptr || !Same(paths[i], *last)) words = self.Of(paths[i]);
    last = &paths[i];
    visible[i] = !Has(words, numbers[i]);
  }
}

}  // namespace caudal::engine
