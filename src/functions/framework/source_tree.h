// The folder that a user keeps a function in: what it holds, and copies of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace caudal::functions {

struct SourceFile {
  std::string name;  // relative, with '/'
  std::string content_sha256;
  bool executable = false;
};

// What a function's source is: every plain file, links to files followed, sorted by name; without
// what tools leave (.git, __pycache__, .venv, and node_modules unless `with_modules`).
// kNotFound when there is no such folder; kLimit when it is too large to be one; kInvalid for a
// link to a folder.
Result<std::vector<SourceFile>> ListSource(const std::string& folder, bool with_modules);

// Makes `to` a copy of them. Not synced.
Result<void> CopySource(const std::string& folder, const std::vector<SourceFile>& files,
                        const std::string& to);

// 16 hexadecimal digits that change when a file or anything in `also` does.
std::string DigestOf(const std::vector<SourceFile>& files, const std::vector<std::string>& also);

}  // namespace caudal::functions
