// Running a piece of work on the pool from a coroutine. Internal to http.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "http/io_thread.h"

namespace caudal::http {

template <class Work, class Handler>
class AwaitedJob final : public PoolJob {
 public:
  AwaitedJob(Work work, Handler handler) : work_(std::move(work)), handler_(std::move(handler)) {}

  void Run() override {
    work_();
    Complete(true);
  }
  void Complete(bool ran) {
    const auto executor = asio::get_associated_executor(handler_);
    asio::post(executor, [handler = std::move(handler_), ran]() mutable { handler(ran); });
  }

 private:
  Work work_;
  Handler handler_;
};

// co_await OnPool(pool, admitted, [&] { ... }): true once the work ran, on a pool thread; false
// when the queue was full, and the work won't run. What the work refers to must outlive the wait.
template <class Work>
auto OnPool(Pool& pool, bool admitted, Work work) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(bool)>(
      [&pool, admitted](auto handler, Work w) {
        auto owned =
            std::make_unique<AwaitedJob<Work, decltype(handler)>>(std::move(w), std::move(handler));
        auto* typed = owned.get();
        std::unique_ptr<PoolJob> job = std::move(owned);
        if (!pool.Submit(job, admitted)) typed->Complete(false);
      },
      asio::use_awaitable_t<Executor>{}, std::move(work));
}

}  // namespace caudal::http
