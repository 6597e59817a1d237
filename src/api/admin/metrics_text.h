// Prometheus' text form, version 0.0.4. Internal to api/admin.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caudal::api::admin {

class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;  // names and values

  template <class N>
  void Counter(const char* name, const char* help, N value) {
    One(name, "counter", help, std::to_string(value));
  }
  template <class N>
  void Gauge(const char* name, const char* help, N value) {
    One(name, "gauge", help, std::to_string(value));
  }
  void Head(const char* name, const char* type, const char* help) {
    text_ += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  void Sample(const char* name, const Labels& labels, const std::string& value) {
    text_ += name;
    char before = '{';
    for (const auto& [label, whose] : labels) {
      text_ += before;
      text_ += label;
      text_ += "=\"";
      for (const char c : whose) {
        if (c == '"' || c == '\\') text_ += '\\';
        text_ += c == '\n' ? ' ' : c;
      }
      text_ += '"';
      before = ',';
    }
    text_ += "} " + value + "\n";
  }
  std::string Take() { return std::move(text_); }

 private:
  void One(const char* name, const char* type, const char* help, const std::string& value) {
    Head(name, type, help);
    text_ += std::string(name) + " " + value + "\n";
  }
  std::string text_;
};

}  // namespace caudal::api::admin
