// Any SQL is cut into words or refused, and a checked statement is what its check says: no call of
// a refused function is left in what passes as words.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/duckdb/statement_check.h"
#include "engine/duckdb/words.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  const bool passes = caudal::engine::CheckWords(sql, false).ok();
  const auto words = caudal::engine::CutIntoWords(sql);
  if (passes != (passes && words.ok())) abort();
  if (!passes) return 0;
  for (size_t i = 0; i + 1 < words->size(); ++i)
    if ((*words)[i].IsName() && (*words)[i].text == "enable_logging" && (*words)[i + 1].Is('('))
      abort();
  return 0;
}
