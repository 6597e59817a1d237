// Compressed files, unpacked with a bound: a small file can hold a very large one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "functions/sql/sql_part.h"
#include "os/file.h"

namespace caudal::functions {

// Writes the content of `packed` (gzip, also several members one after the other; or zstd, also
// several frames) to the new file `path`, and returns its size. Memory: about 1 MiB, for zstd what
// its window asks for, at most 128 MiB. `go_on` is asked between pieces; its error ends it.
//
// kInvalid: it isn't what it says it is, it is damaged or cut short, or it holds more than
// `bytes_max`. The file stays in any case; the caller removes it.
Result<uint64_t> Unpack(Compression compression, const os::File& packed, const std::string& path,
                        uint64_t bytes_max, const std::function<Result<void>()>& go_on);

}  // namespace caudal::functions
