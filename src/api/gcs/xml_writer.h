// Writes XML text: elements and escaped text, nothing else.
#pragma once

#include <string>
#include <string_view>

#include "data/utf8.h"

namespace caudal::api::gcs {

class XmlWriter {
 public:
  XmlWriter() : out_("<?xml version='1.0' encoding='UTF-8'?>") {}

  // `attributes` is our own text: " xmlns='…'".
  void Open(std::string_view name, std::string_view attributes = {}) {
    out_.append("<").append(name).append(attributes).append(">");
  }
  void Close(std::string_view name) { out_.append("</").append(name).append(">"); }
  void Text(std::string_view name, std::string_view text) {
    Open(name);
    Escape(text);
    Close(name);
  }
  std::string Take() && { return std::move(out_); }

 private:
  // Control characters that XML 1.0 can't hold, and bytes that aren't UTF-8, become '?'.
  void Escape(std::string_view text) {
    const bool utf8 = IsValidUtf8(text);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '&')
        out_ += "&amp;";
      else if (c == '<')
        out_ += "&lt;";
      else if (c == '>')
        out_ += "&gt;";
      else if (c == '"')
        out_ += "&quot;";
      else if (c == '\r')
        out_ += "&#13;";
      else if ((byte < 0x20 && c != '\t' && c != '\n') || (byte >= 0x80 && !utf8))
        out_ += '?';
      else
        out_ += c;
    }
  }

  std::string out_;
};

}  // namespace caudal::api::gcs
