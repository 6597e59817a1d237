// XML multipart uploads: parts in blobs of their own, joined at the end.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// Thread-safe. Signatures as in objects/store.h.
class MultipartUploads {
 public:
  using Chosen = std::vector<std::pair<int, std::optional<Md5Digest>>>;

  explicit MultipartUploads(Core& core) : core_(core) {}

  Result<std::string> Start(WriteRequest request);
  Result<std::unique_ptr<Writer>> WritePart(const std::string& bucket, const std::string& name,
                                            const std::string& id, int number);
  Result<std::vector<Part>> ListParts(const std::string& bucket, const std::string& name,
                                      const std::string& id, int after, int max);
  Result<std::vector<MultipartInfo>> List(const std::string& bucket, const std::string& prefix,
                                          int max);
  Result<Object> Complete(const std::string& bucket, const std::string& name, const std::string& id,
                          const Chosen& parts);
  Result<void> Abort(const std::string& bucket, const std::string& name, const std::string& id);
  Result<int64_t> Expire(Micros before, int max);

 private:
  Core& core_;
};

}  // namespace caudal::objects
