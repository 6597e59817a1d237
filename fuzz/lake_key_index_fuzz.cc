// Any bytes are a key index or are refused; keys can be looked up in whatever is accepted. Input: a
// byte that chooses the layout, then the file, whose checksum and owner are made to fit.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/digest.h"
#include "lake/keys/key_index.h"

namespace {

using namespace caudal;
using namespace caudal::lake;

constexpr KeyLayout kLayouts[] = {{8, true, 1}, {0, false, 2}, {3, false, 3}, {8, false, 4}};
constexpr size_t kHeader = 128;

template <class T>
void Put(std::string& bytes, size_t at, T value) {
  bytes.replace(at, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

EncodedKeys KeysIn(std::string_view bytes, const KeyLayout& layout) {
  EncodedKeys keys(layout);
  const size_t width = layout.width > 0 ? layout.width : 5;
  for (size_t at = 0; at + width <= bytes.size() && keys.size() < 200; at += width)
    keys.Append(bytes.substr(at, layout.width > 0 ? width : at % 6));
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const KeyLayout& layout = kLayouts[data[0] % 4];
  const auto file =
      std::make_shared<std::string>(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 4) == 0 && file->size() >= kHeader) {
    file->replace(0, 8, "CAUDALKX");
    Put(*file, 8, uint32_t{1});
    Put(*file, 40, uint64_t{7});
    Put(*file, 48, HashOf("u", layout.digest));
    Put(*file, kHeader - 4, Crc32c(std::string_view(*file).substr(0, kHeader - 4)));
  }
  const auto index = KeyIndex::Read(*file, file, "fuzz", {"u", 7, layout});
  if (!index.ok()) return 0;
  (void)index->Verify().ok();
  // Its own keys, and bytes of other parts; with the hashes they have, and with few.
  for (const uint64_t mask : {~uint64_t{0}, uint64_t{0x700000007}}) {
    EncodedKeys keys = KeysIn(*file, layout);
    keys.Append(KeysIn(std::string_view(*file).substr(file->size() / 2), layout));
    keys.MaskHashesForTest(mask);
    std::vector<KeyIndex::Hit> hits;
    (void)index->Find(keys, hits).ok();
    for (const KeyIndex::Hit& hit : hits)
      CAUDAL_CHECK(hit.key < keys.size() && hit.row < index->rows(), "rows of the file");
  }
  return 0;
}
