// Beast's parser, filling our own Request. Internal to http.
#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>

#include "http/ascii.h"
#include "http/message.h"

namespace caudal::http {

// Parses one head into `request`, then the chunked body, if any, into the place set by SetOut.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, size_t header_bytes_max) : request_(request) {
    header_limit(static_cast<uint32_t>(header_bytes_max));
    body_limit(boost::none);
  }

  // Where body bytes go; the parser takes no more than fit.
  void SetOut(char* out, size_t capacity) {
    out_ = out;
    capacity_ = capacity;
    filled_ = 0;
  }
  size_t filled() const { return filled_; }

  bool unknown_method() const { return unknown_method_; }
  bool odd_coding() const { return odd_coding_; }
  bool expects_continue() const { return expects_continue_; }
  bool odd_expectation() const { return odd_expectation_; }
  bool http11() const { return http11_; }
  int hosts() const { return hosts_; }
  int lengths() const { return lengths_; }

 private:
  static constexpr size_t kFieldsMax = 500;
  using Text = boost::beast::string_view;
  using Code = boost::beast::error_code;
  static std::string_view View(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version,
                       Code&) override {
    http11_ = version >= 11;
    const std::optional<Method> known = ParseMethod(View(method));
    unknown_method_ = !known.has_value();
    request_.method = known.value_or(Method::kGet);
    request_.target = View(target);
  }
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(boost::beast::http::field name, Text text, Text value, Code& error) override {
    using boost::beast::http::field;
    if (in_body_) return;  // a trailer
    if (request_.headers.size() >= kFieldsMax) {
      error = boost::beast::http::error::header_limit;
      return;
    }
    switch (name) {
      case field::host:
        ++hosts_;
        break;
      case field::content_length:
        ++lengths_;
        break;
      case field::transfer_encoding:
        odd_coding_ = odd_coding_ || !EqualIgnoringCase(View(value), "chunked");
        break;
      case field::expect:
        expects_continue_ = EqualIgnoringCase(View(value), "100-continue");
        odd_expectation_ = !expects_continue_;
        break;
      default:
        break;
    }
    request_.headers.Add(std::string(View(text)), std::string(View(value)));
  }
  void on_header_impl(Code&) override { in_body_ = true; }
  void on_body_init_impl(const boost::optional<uint64_t>&, Code&) override {}
  size_t on_body_impl(Text body, Code&) override { return Take(body); }
  void on_chunk_header_impl(uint64_t, Text, Code&) override {}
  size_t on_chunk_body_impl(uint64_t, Text body, Code&) override { return Take(body); }
  void on_finish_impl(Code&) override {}

  size_t Take(Text body) {
    const size_t n = std::min(body.size(), capacity_ - filled_);
    if (n > 0) std::memcpy(out_ + filled_, body.data(), n);
    filled_ += n;
    return n;
  }

  Request& request_;
  char* out_ = nullptr;
  size_t capacity_ = 0;
  size_t filled_ = 0;
  bool http11_ = true;
  bool in_body_ = false;
  bool unknown_method_ = false;
  bool odd_coding_ = false;
  bool expects_continue_ = false;
  bool odd_expectation_ = false;
  int hosts_ = 0;
  int lengths_ = 0;
};

}  // namespace caudal::http
