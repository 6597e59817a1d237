#include "bench/workload.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace caudal::bench {
namespace {

std::string Digits(uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%08llu", static_cast<unsigned long long>(number));
  return text;
}

std::string Escape(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

size_t CountOf(std::string_view text, std::string_view word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
    ++count;
  return count;
}

}  // namespace

Workload::Workload(WorkloadOptions options)
    : options_(std::move(options)), next_name_(options_.first_name), random_(options_.seed) {
  pattern_.resize(options_.size);
  for (char& c : pattern_) c = static_cast<char>(Random());
  if (options_.read_path.empty())
    options_.read_path = "/download/storage/v1/b/" + options_.bucket + "/o/{}?alt=media";
}

uint64_t Workload::Random() {  // splitmix64
  uint64_t z = (random_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void Workload::Next(Request& request) {
  std::string& head = request.head;
  head.clear();
  request.stamp.clear();
  request.rest = {};
  switch (options_.mode) {
    case Mode::kUpload: {
      request.number = next_name_++;
      head = "POST /upload/storage/v1/b/" + options_.bucket +
             "/o?uploadType=media&name=" + Escape(options_.prefix) + Digits(request.number);
      request.stamp.assign(8, '\0');
      std::memcpy(request.stamp.data(), &request.number, 8);
      request.stamp.resize(std::min<uint64_t>(8, options_.size));
      request.rest = std::string_view(pattern_).substr(request.stamp.size());
      break;
    }
    case Mode::kRead: {
      request.number = Random() % options_.objects;
      const size_t hole = options_.read_path.find("{}");
      head = "GET " + options_.read_path.substr(0, hole);
      if (hole != std::string::npos)
        head +=
            Escape(options_.prefix) + Digits(request.number) + options_.read_path.substr(hole + 2);
      break;
    }
    case Mode::kList:
      request.number = Random() % (options_.objects - options_.page + 1);
      head = "GET /storage/v1/b/" + options_.bucket +
             "/o?maxResults=" + std::to_string(options_.page) +
             "&startOffset=" + Escape(options_.prefix) + Digits(request.number);
      break;
  }
  head += " HTTP/1.1\r\nHost: " + options_.host + ":" + std::to_string(options_.port) + "\r\n";
  if (options_.mode == Mode::kUpload)
    head += "Content-Type: application/octet-stream\r\nContent-Length: " +
            std::to_string(options_.size) + "\r\n";
  head += "\r\n";
}

uint64_t Workload::checked_bytes() const {
  return options_.mode == Mode::kRead ? std::min<uint64_t>(options_.size, 4096) : UINT64_MAX;
}

std::string Workload::Check(const Request& request, int status, std::string_view body,
                            uint64_t length) {
  if (status != 200)
    return "status " + std::to_string(status) + ": " + std::string(body.substr(0, 400));
  switch (options_.mode) {
    case Mode::kUpload: {
      const bool sized =
          body.find("\"size\":\"" + std::to_string(options_.size) + "\"") != body.npos ||
          body.find("\"size\": \"" + std::to_string(options_.size) + "\"") != body.npos;
      if (!sized || body.find(Digits(request.number)) == body.npos)
        return "not the resource of the upload: " + std::string(body.substr(0, 400));
      return "";
    }
    case Mode::kRead: {
      if (length != options_.size) return "length " + std::to_string(length);
      uint64_t number = 0;
      if (options_.size >= 8) {
        std::memcpy(&number, body.data(), 8);
        if (number != request.number) return "bytes of object " + std::to_string(number);
        const size_t known = body.size() - 8;
        if (body.substr(8) != std::string_view(pattern_).substr(8, known)) return "wrong bytes";
      }
      return "";
    }
    case Mode::kList: {
      const std::string_view kind = "storage#object\"";
      const size_t items = CountOf(body, kind);
      if (items != options_.page) return std::to_string(items) + " items in the page";
      for (const uint64_t number : {request.number, request.number + options_.page - 1})
        if (body.find(options_.prefix + Digits(number)) == body.npos)
          return "object " + std::to_string(number) + " is not in the page";
      return "";
    }
  }
  return "";
}

}  // namespace caudal::bench
