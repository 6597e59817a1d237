#include "engine/duckdb/test_functions.h"

#if defined(CAUDAL_FAILPOINTS)
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "engine/duckdb/handles.h"
#include "os/signals.h"
#endif

namespace caudal::engine {

#if defined(CAUDAL_FAILPOINTS)
namespace {

[[noreturn]] void Hoard() {
  std::vector<std::string> hoard;
  while (true) hoard.emplace_back(16u << 20, 'x');
}

[[noreturn]] void Hang() {
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

void Break(std::string_view how) {
  if (how == "crash") *static_cast<volatile int*>(nullptr) = 0;
  if (how == "abort") std::abort();
  if (how == "exit") os::ExitNow(3);
  if (how == "hang") Hang();
  if (how == "hoard") Hoard();
}

void BreakEach(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  auto* texts =
      static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  auto* results = static_cast<bool*>(duckdb_vector_get_data(output));
  const idx_t count = duckdb_data_chunk_get_size(input);
  for (idx_t i = 0; i < count; ++i) {
    Break({duckdb_string_t_data(&texts[i]), duckdb_string_t_length(texts[i])});
    results[i] = true;
  }
}

}  // namespace

void AddTestFunctions(duckdb_connection connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  const TypeHandle text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const TypeHandle boolean(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  duckdb_scalar_function_set_name(function, "caudal_test_break");
  duckdb_scalar_function_add_parameter(function, text.get());
  duckdb_scalar_function_set_return_type(function, boolean.get());
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_function(function, BreakEach);
  duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
}
#else
void AddTestFunctions(duckdb_connection) {}
#endif

}  // namespace caudal::engine
