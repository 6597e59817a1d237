// Glob patterns over object names, as Cloud Storage's matchGlob defines them.
//
//   *        any characters but '/'          [a-z]   one of a class; never '/'
//   **       any characters                  [!a-z]  one that isn't in it; never '/'
//   ?        one character but '/'           {a,b}   either pattern; may nest
//   \x       x itself
//
// `**/` at the start of a segment also matches nothing: "**/c" matches "c" and "a/b/c".
// A character is a code point.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace caudal {

// Immutable once parsed, so any number of threads may match. Time is at most the product of the
// lengths of name and pattern.
class Glob {
 public:
  static constexpr size_t kPatternBytesMax = 1024;

  // kInvalid (code "glob.malformed") for a pattern that is too long, isn't UTF-8, or has an
  // unclosed class or group, an empty or reversed range, or a lone '}' or '\'.
  static Result<Glob> Parse(std::string_view pattern);

  bool Matches(std::string_view name) const;
  // What every matching name starts with; may be empty.
  const std::string& literal_prefix() const { return literal_prefix_; }

 private:
  friend class GlobCompiler;
  enum class Op : uint8_t { kCharacter, kAnyInSegment, kAny, kClass, kSplit, kJump, kMatch };
  struct Instruction {
    Op op;
    uint32_t x = 0;  // character, class or first target
    uint32_t y = 0;  // kSplit: second target
  };
  struct Class {
    bool negated = false;
    std::vector<std::pair<uint32_t, uint32_t>> ranges;  // inclusive
    bool Contains(uint32_t character) const;
  };
  class States;

  Glob() = default;
  bool Accepts(const Instruction& instruction, uint32_t character) const;

  std::vector<Instruction> program_;  // a nondeterministic automaton; starts at 0
  std::vector<Class> classes_;
  std::string literal_prefix_;
};

}  // namespace caudal
