#include "api/gcs/xml_bodies.h"

#include <algorithm>
#include <pugixml.hpp>

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "data/json.h"
#include "data/utf8.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

constexpr size_t kPartsMax = 10'000;
constexpr size_t kDeletesMax = 1'000;
constexpr int kDepthMax = 16;

Error Malformed(std::string_view expected) {
  return MakeError(ErrorKind::kInvalid,
                   "The XML body isn't what is expected here: " + std::string(expected) + ".",
                   "xml.malformed");
}

// pugixml nests as deep as the text does, and frees nodes by recursion.
bool DeeperThan(std::string_view xml, int depth_max) {
  int depth = 0;
  for (size_t at = xml.find('<'); at != std::string_view::npos && at + 1 < xml.size();
       at = xml.find('<', at + 1)) {
    const char next = xml[at + 1];
    if (next == '?' || next == '!') continue;
    if (next == '/') {
      --depth;
      continue;
    }
    const size_t end = xml.find('>', at);
    if (end != std::string_view::npos && xml[end - 1] == '/') continue;
    if (++depth > depth_max) return true;
  }
  return false;
}

std::string_view LocalName(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

Result<pugi::xml_node> Root(pugi::xml_document& document, std::string_view xml,
                            std::string_view name) {
  if (!IsValidUtf8(xml) || DeeperThan(xml, kDepthMax) ||
      !document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8))
    return Malformed("well-formed XML in UTF-8");
  const pugi::xml_node root = document.document_element();
  if (!root || LocalName(root) != name) return Malformed("<" + std::string(name) + ">");
  return root;
}

std::string_view ChildText(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& child : node.children()) {
    if (LocalName(child) == name) return child.text().get();
  }
  return {};
}

std::optional<Md5Digest> Md5OfEtag(std::string_view etag) {
  etag = Trimmed(etag);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  const Result<std::string> bytes = DecodeHex(etag);
  Md5Digest md5{};
  if (!bytes.ok() || bytes->size() != md5.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), md5.begin());
  return md5;
}

}  // namespace

Result<std::vector<std::pair<int, std::optional<Md5Digest>>>> ParseCompleteBody(
    std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(Root(document, xml, "CompleteMultipartUpload"));
  std::vector<std::pair<int, std::optional<Md5Digest>>> parts;
  for (const pugi::xml_node& node : root.children()) {
    if (LocalName(node) != "Part") continue;
    if (parts.size() == kPartsMax) return Malformed("at most 10000 parts");
    const Result<int64_t> number =
        ParseInteger(Trimmed(ChildText(node, "PartNumber")), "PartNumber", 1, kPartsMax);
    if (!number.ok()) return Malformed("a PartNumber from 1 to 10000 in each Part");
    parts.emplace_back(static_cast<int>(*number), Md5OfEtag(ChildText(node, "ETag")));
  }
  if (parts.empty()) return Malformed("at least one <Part>");
  return parts;
}

Result<void> ApplyCreateBucketBody(std::string_view xml, objects::BucketSettings& settings) {
  if (xml.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  pugi::xml_document document;
  const pugi::xml_node root = TRY(Root(document, xml, "CreateBucketConfiguration"));
  Json resource = Json::object();
  if (const std::string_view text = Trimmed(ChildText(root, "LocationConstraint")); !text.empty())
    resource["location"] = std::string(text);
  if (const std::string_view text = Trimmed(ChildText(root, "StorageClass")); !text.empty())
    resource["storageClass"] = std::string(text);
  return objects::ApplyBucketResource(resource, true, settings);
}

Result<DeleteBody> ParseDeleteBody(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(Root(document, xml, "Delete"));
  DeleteBody body;
  body.quiet = Trimmed(ChildText(root, "Quiet")) == "true";
  for (const pugi::xml_node& node : root.children()) {
    if (LocalName(node) != "Object") continue;
    if (body.objects.size() == kDeletesMax) return Malformed("at most 1000 objects");
    const std::string_view key = ChildText(node, "Key");
    if (key.empty()) return Malformed("a Key in each Object");
    std::optional<int64_t> generation;
    if (const std::string_view version = Trimmed(ChildText(node, "VersionId")); !version.empty())
      generation = TRY(ParseInteger(version, "VersionId"));
    body.objects.emplace_back(std::string(key), generation);
  }
  if (body.objects.empty()) return Malformed("at least one <Object>");
  return body;
}

}  // namespace caudal::api::gcs
