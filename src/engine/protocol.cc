#include "engine/protocol.h"

#include <algorithm>
#include <cmath>

#include "engine/wire.h"

namespace caudal::engine {
namespace {

Result<void> Check(const WireReader& reader, std::string_view what) {
  if (reader.done()) return {};
  return MakeError(ErrorKind::kInvalid, "the " + std::string(what) + " message makes no sense");
}

void PutPairs(WireWriter& writer, const std::vector<std::pair<std::string, std::string>>& pairs) {
  writer.Put(static_cast<uint32_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    writer.Put(std::string_view(name));
    writer.Put(std::string_view(value));
  }
}

void PutValue(WireWriter& writer, const Value& value) {
  writer.Put(static_cast<uint8_t>(value.index()));
  if (const auto* boolean = std::get_if<bool>(&value)) writer.Put(*boolean);
  if (const auto* integer = std::get_if<int64_t>(&value)) writer.Put(*integer);
  if (const auto* number = std::get_if<double>(&value)) writer.Put(*number);
  if (const auto* text = std::get_if<std::string>(&value)) writer.Put(std::string_view(*text));
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    writer.Put(static_cast<uint32_t>(texts->size()));
    for (const std::string& text : *texts) writer.Put(std::string_view(text));
  }
}

Value GetValue(WireReader& reader) {
  switch (reader.Get<uint8_t>()) {
    case 1:
      return reader.Get<bool>();
    case 2:
      return reader.Get<int64_t>();
    case 3:
      return reader.Get<double>();
    case 4:
      return std::string(reader.GetText());
    case 5: {
      std::vector<std::string> texts;
      const size_t count = reader.GetCount(4);
      for (size_t i = 0; i < count; ++i) texts.emplace_back(reader.GetText());
      return texts;
    }
    default:
      return std::monostate();
  }
}

}  // namespace

std::string ReadyMessage::Write() const {
  WireWriter writer;
  writer.Put(std::string_view(version));
  writer.Put(landlock);
  writer.Put(seccomp);
  return writer.Take();
}

Result<ReadyMessage> ReadyMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  ReadyMessage message;
  message.version = reader.GetText();
  message.landlock = reader.Get<int32_t>();
  message.seccomp = reader.Get<bool>();
  TRY(Check(reader, "ready"));
  return message;
}

std::string BeginMessage::Write() const {
  WireWriter writer;
  writer.Put(limits.memory_bytes);
  writer.Put(static_cast<int32_t>(limits.threads));
  writer.Put(limits.temp_bytes);
  writer.Put(limits.output_bytes);
  writer.Put(static_cast<int64_t>(limits.time.count()));
  PutPairs(writer, settings);
  writer.Put(undone);
  return writer.Take();
}

Result<BeginMessage> BeginMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  BeginMessage message;
  message.limits.memory_bytes = reader.Get<uint64_t>();
  message.limits.threads = reader.Get<int32_t>();
  message.limits.temp_bytes = reader.Get<uint64_t>();
  message.limits.output_bytes = reader.Get<uint64_t>();
  message.limits.time = std::chrono::milliseconds(reader.Get<int64_t>());
  const size_t count = reader.GetCount(8);
  for (size_t i = 0; i < count; ++i) {
    std::string name(reader.GetText());
    message.settings.emplace_back(std::move(name), reader.GetText());
  }
  message.undone = reader.Get<bool>();
  TRY(Check(reader, "begin"));
  return message;
}

std::string RunMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  writer.Put(statement.trusted);
  writer.Put(std::string_view(statement.sql));
  writer.Put(static_cast<uint32_t>(statement.parameters.size()));
  for (const auto& [name, value] : statement.parameters) {
    writer.Put(std::string_view(name));
    PutValue(writer, value);
  }
  return writer.Take();
}

Result<RunMessage> RunMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  RunMessage message;
  message.number = reader.Get<uint64_t>();
  message.statement.trusted = reader.Get<bool>();
  message.statement.sql = reader.GetText();
  const size_t count = reader.GetCount(5);
  for (size_t i = 0; i < count; ++i) {
    std::string name(reader.GetText());
    message.statement.parameters.emplace_back(std::move(name), GetValue(reader));
  }
  TRY(Check(reader, "run"));
  return message;
}

std::string HideMessage::Write() const {
  WireWriter writer;
  writer.Put(static_cast<uint32_t>(inputs.size()));
  for (const Input& input : inputs) {
    writer.Put(std::string_view(input.path));
    writer.Put(input.offset);
    writer.Put(input.words);
  }
  return writer.Take();
}

Result<HideMessage> HideMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  HideMessage message;
  const size_t count = reader.GetCount(20);
  for (size_t i = 0; i < count; ++i) {
    Input input;
    input.path = reader.GetText();
    input.offset = reader.Get<uint64_t>();
    input.words = reader.Get<uint64_t>();
    message.inputs.push_back(std::move(input));
  }
  TRY(Check(reader, "hide"));
  return message;
}

std::string NumberMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  return writer.Take();
}

Result<NumberMessage> NumberMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  NumberMessage message{reader.Get<uint64_t>()};
  TRY(Check(reader, "number"));
  return message;
}

std::string DescribedMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  writer.Put(static_cast<uint32_t>(columns.size()));
  for (const Column& column : columns) {
    writer.Put(std::string_view(column.name));
    writer.Put(std::string_view(column.type));
  }
  root.Write(writer);
  return writer.Take();
}

Result<DescribedMessage> DescribedMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  DescribedMessage message;
  message.number = reader.Get<uint64_t>();
  const size_t count = reader.GetCount(8);
  for (size_t i = 0; i < count; ++i) {
    std::string name(reader.GetText());
    message.columns.push_back({std::move(name), std::string(reader.GetText())});
  }
  message.root = TRY(Field::Read(reader));
  TRY(Check(reader, "description"));
  if (message.root.format != "+s" || message.root.children.size() != message.columns.size())
    return MakeError(ErrorKind::kInvalid, "the columns don't fit their types");
  return message;
}

std::string SegmentMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  writer.Put(std::string_view(description));
  return writer.Take();
}

Result<SegmentMessage> SegmentMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  SegmentMessage message;
  message.number = reader.Get<uint64_t>();
  message.description = reader.GetText();
  TRY(Check(reader, "segment"));
  return message;
}

std::string ProgressMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  writer.Put(progress.fraction);
  writer.Put(progress.rows);
  return writer.Take();
}

Result<ProgressMessage> ProgressMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  ProgressMessage message;
  message.number = reader.Get<uint64_t>();
  const auto fraction = reader.Get<double>();
  message.progress.fraction = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
  message.progress.rows = reader.Get<uint64_t>();
  TRY(Check(reader, "progress"));
  return message;
}

std::string FinishedMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  writer.Put(rows_changed);
  return writer.Take();
}

Result<FinishedMessage> FinishedMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  FinishedMessage message;
  message.number = reader.Get<uint64_t>();
  message.rows_changed = reader.Get<int64_t>();
  TRY(Check(reader, "finished"));
  return message;
}

std::string FailedMessage::Write() const {
  WireWriter writer;
  writer.Put(number);
  writer.Put(error.kind);
  writer.Put(std::string_view(error.message));
  writer.Put(std::string_view(error.code));
  return writer.Take();
}

Result<FailedMessage> FailedMessage::Read(std::string_view payload) {
  WireReader reader(payload);
  FailedMessage message;
  message.number = reader.Get<uint64_t>();
  const auto kind = reader.Get<uint8_t>();
  message.error.message = reader.GetText();
  message.error.code = reader.GetText();
  TRY(Check(reader, "failed"));
  if (kind > static_cast<uint8_t>(ErrorKind::kInternal))
    return MakeError(ErrorKind::kInvalid, "an error of an unknown kind");
  message.error.kind = static_cast<ErrorKind>(kind);
  return message;
}

}  // namespace caudal::engine
