// Result<T>: a value or an Error. Functions that can fail return one; nothing in Caudal throws on
// purpose.
//
//   Result<File> Open(...);
//   File file = TRY(Open(path));   // returns the error from the enclosing function
//
// TRY is a statement expression that returns: it can't be used inside a coroutine.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"

namespace caudal {

template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;

  // NOLINTNEXTLINE(google-explicit-constructor): `return value;` is the point
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // `return std::make_unique<Derived>()` and the like.
  template <class U>
    requires(std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    Require();
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    Require();
    return *std::get_if<0>(&state_);
  }
  // By value, so that `for (auto& x : F().value())` doesn't dangle.
  T value() && {
    Require();
    return std::move(*std::get_if<0>(&state_));
  }
  T take() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

  const Error& error() const& {
    CAUDAL_CHECK(!ok(), "error() of a value");
    return *std::get_if<1>(&state_);
  }
  Error error() && {
    CAUDAL_CHECK(!ok(), "error() of a value");
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  void Require() const {
    if (!ok()) [[unlikely]]
      Fatal("value() of an error: " + std::get_if<1>(&state_)->message);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;

  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (error_) [[unlikely]]
      Fatal("value() of an error: " + error_->message);
  }
  void take() && { value(); }

  const Error& error() const& {
    CAUDAL_CHECK(error_.has_value(), "error() of a value");
    return *error_;
  }
  Error error() && {
    CAUDAL_CHECK(error_.has_value(), "error() of a value");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace caudal

#define TRY(expression)                      \
  __extension__({                            \
    auto&& try_result_ = (expression);       \
    if (!try_result_.ok()) [[unlikely]]      \
      return std::move(try_result_).error(); \
    std::move(try_result_).take();           \
  })
