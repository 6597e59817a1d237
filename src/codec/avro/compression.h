// The compressions of object container files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::avro {

enum class Compression { kNone, kDeflate, kSnappy, kZstandard };

// By its name in avro.codec; kUnsupported, naming it, for another (bzip2, xz).
Result<Compression> ParseCompression(std::string_view name);

// Puts the bytes of a block into `out`. kInvalid when they are damaged, kLimit when there are more
// than `bytes_max`. Memory grows with what comes out, not with what a header says.
Result<void> Decompress(Compression compression, std::string_view block, size_t bytes_max,
                        std::string& out);

std::string Deflate(std::string_view bytes);  // without zlib's header, as Avro wants it

}  // namespace caudal::avro
