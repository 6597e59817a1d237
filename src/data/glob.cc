#include "data/glob.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/utf8.h"

namespace caudal {
namespace {

// The code point at `at`, which moves behind it. A byte that starts no valid sequence counts as a
// character of its own, above all code points.
uint32_t NextCharacter(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const size_t length = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length == 1) return byte(at++);
  if (length == 0 || at + length > text.size() || !IsValidUtf8(text.substr(at, length)))
    return 0x110000u + byte(at++);
  uint32_t character = first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) character = (character << 6) | (byte(at + i) & 0x3fu);
  at += length;
  return character;
}

}  // namespace

class GlobCompiler {
 public:
  explicit GlobCompiler(std::string_view pattern) : pattern_(pattern) {}

  Result<Glob> Compile() {
    TRY(Sequence(0));
    Emit(Glob::Op::kMatch);
    return std::move(glob_);
  }

 private:
  using Op = Glob::Op;
  static constexpr int kDepthMax = 16;

  uint32_t Here() const { return static_cast<uint32_t>(glob_.program_.size()); }
  uint32_t Emit(Op op, uint32_t x = 0) {
    if (op != Op::kCharacter && op != Op::kMatch) literal_ = false;
    glob_.program_.push_back({op, x, 0});
    return Here() - 1;
  }
  Error Malformed(std::string_view cause) const {
    return MakeError(ErrorKind::kInvalid, fmt::format("glob pattern, byte {}: {}", at_, cause),
                     "glob.malformed");
  }

  // Up to the end, or in a group to its ',' or '}', which is left to the caller.
  Result<void> Sequence(int depth) {
    bool segment_start = depth == 0;
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (depth > 0 && (c == ',' || c == '}')) return {};
      const bool at_start = std::exchange(segment_start, false);
      switch (c) {
        case '*':
          Stars(at_start);
          break;
        case '?':
          ++at_;
          Emit(Op::kAnyInSegment);
          break;
        case '[':
          TRY(Class());
          break;
        case '{':
          TRY(Group(depth));
          break;
        case '}':
          return Malformed("'}' closes no group; write \\} for the character");
        case '\\':
          if (++at_ == pattern_.size())
            return Malformed("a '\\' at the end escapes nothing; write \\\\ for the character");
          Character();
          break;
        default:
          segment_start = c == '/';
          Character();
      }
    }
    return {};
  }

  void Character() {
    const size_t start = at_;
    const uint32_t character = NextCharacter(pattern_, at_);
    Emit(Op::kCharacter, character);
    if (literal_) glob_.literal_prefix_ += pattern_.substr(start, at_ - start);
  }

  void Stars(bool at_segment_start) {
    const size_t start = at_;
    while (at_ < pattern_.size() && pattern_[at_] == '*') ++at_;
    if (at_ - start == 1) {
      Loop(Op::kAnyInSegment);
    } else if (at_segment_start && at_ < pattern_.size() && pattern_[at_] == '/') {
      ++at_;
      const uint32_t split = Emit(Op::kSplit);
      glob_.program_[split].x = Here();
      Loop(Op::kAny);
      Emit(Op::kCharacter, '/');
      glob_.program_[split].y = Here();
    } else {
      Loop(Op::kAny);
    }
  }

  void Loop(Op op) {
    const uint32_t split = Emit(Op::kSplit);
    glob_.program_[split].x = Here();
    Emit(op);
    Emit(Op::kJump, split);
    glob_.program_[split].y = Here();
  }

  Result<void> Group(int depth) {
    if (depth == kDepthMax) return Malformed("groups nest too deeply");
    const size_t opened = at_++;
    std::vector<uint32_t> exits;
    while (true) {
      const uint32_t split = Emit(Op::kSplit);
      glob_.program_[split].x = Here();
      TRY(Sequence(depth + 1));
      if (at_ == pattern_.size()) {
        at_ = opened;
        return Malformed("'{' isn't closed; write \\{ for the character");
      }
      const bool last = pattern_[at_++] == '}';
      if (last) {
        // The last alternative is the only way on from its split.
        glob_.program_[split] = {Op::kJump, split + 1, 0};
        break;
      }
      exits.push_back(Emit(Op::kJump));
      glob_.program_[split].y = Here();
    }
    for (const uint32_t exit : exits) glob_.program_[exit].x = Here();
    return {};
  }

  Result<uint32_t> ClassCharacter() {
    if (pattern_[at_] == '\\' && at_ + 1 < pattern_.size()) ++at_;
    return NextCharacter(pattern_, at_);
  }

  Result<void> Class() {
    const size_t opened = at_++;
    Glob::Class made;
    if (at_ < pattern_.size() && pattern_[at_] == '!') {
      made.negated = true;
      ++at_;
    }
    bool first = true;  // a ']' in first place stands for itself
    while (at_ < pattern_.size() && (pattern_[at_] != ']' || first)) {
      first = false;
      const uint32_t low = TRY(ClassCharacter());
      uint32_t high = low;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        ++at_;
        high = TRY(ClassCharacter());
        if (high < low) return Malformed("a range of the class runs backwards");
      }
      made.ranges.emplace_back(low, high);
    }
    if (at_ == pattern_.size()) {
      at_ = opened;
      return Malformed("'[' isn't closed; write \\[ for the character");
    }
    ++at_;
    glob_.classes_.push_back(std::move(made));
    Emit(Op::kClass, static_cast<uint32_t>(glob_.classes_.size() - 1));
    return {};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  bool literal_ = true;  // nothing but characters so far
  Glob glob_;
};

// The states that the automaton is in; a set that iterates in order of insertion.
class Glob::States {
 public:
  explicit States(size_t count) : in_(count, 0) { list_.reserve(count); }

  void Clear() {
    for (const uint32_t state : list_) in_[state] = 0;
    list_.clear();
  }
  // With all states that it reaches without a character; those are followed through the list.
  void Add(uint32_t state, const std::vector<Instruction>& program) {
    size_t next = list_.size();
    Insert(state);
    for (; next < list_.size(); ++next) {
      const Instruction& instruction = program[list_[next]];
      if (instruction.op == Op::kSplit || instruction.op == Op::kJump) Insert(instruction.x);
      if (instruction.op == Op::kSplit) Insert(instruction.y);
    }
  }
  bool Has(uint32_t state) const { return in_[state] != 0; }
  const std::vector<uint32_t>& list() const { return list_; }

 private:
  void Insert(uint32_t state) {
    if (in_[state]) return;
    in_[state] = 1;
    list_.push_back(state);
  }
  std::vector<uint8_t> in_;
  std::vector<uint32_t> list_;
};

Result<Glob> Glob::Parse(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("glob pattern has {} bytes; at most {} are allowed",
                                 pattern.size(), kPatternBytesMax),
                     "glob.malformed");
  if (!IsValidUtf8(pattern))
    return MakeError(ErrorKind::kInvalid, "glob pattern isn't UTF-8", "glob.malformed");
  return GlobCompiler(pattern).Compile();
}

bool Glob::Class::Contains(uint32_t character) const {
  const bool in = std::ranges::any_of(ranges, [&](const auto& range) {
    return range.first <= character && character <= range.second;
  });
  return in != negated;
}

bool Glob::Accepts(const Instruction& instruction, uint32_t character) const {
  switch (instruction.op) {
    case Op::kCharacter:
      return instruction.x == character;
    case Op::kAnyInSegment:
      return character != '/';
    case Op::kAny:
      return true;
    case Op::kClass:
      return character != '/' && classes_[instruction.x].Contains(character);
    case Op::kSplit:
    case Op::kJump:
    case Op::kMatch:
      return false;
  }
  return false;
}

bool Glob::Matches(std::string_view name) const {
  if (!name.starts_with(literal_prefix_)) return false;
  States now(program_.size());
  States next(program_.size());
  now.Add(0, program_);
  for (size_t at = 0; at < name.size();) {
    const uint32_t character = NextCharacter(name, at);
    next.Clear();
    for (const uint32_t state : now.list())
      if (Accepts(program_[state], character)) next.Add(state + 1, program_);
    if (next.list().empty()) return false;
    std::swap(now, next);
  }
  return now.Has(static_cast<uint32_t>(program_.size() - 1));
}

}  // namespace caudal
