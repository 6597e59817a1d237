// What the machine allows for durable uploads: threads that create, write and sync files of one
// size, and the MD5 that Cloud Storage promises for each of them. Prints one line of JSON.
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Files a second; negative on failure.
double WriteAndSync(const std::string& folder, int threads, size_t size, double seconds) {
  const std::string bytes(size, 'x');
  std::atomic<uint64_t> files{0};
  std::atomic<bool> failed{false};
  const auto start = SteadyClock::now();
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      for (int i = 0; SecondsSince(start) < seconds && !failed; ++i) {
        const std::string path = folder + "/" + std::to_string(t) + "-" + std::to_string(i);
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        size_t done = 0;
        while (fd >= 0 && done < size) {
          const ssize_t n = ::write(fd, bytes.data() + done, size - done);
          if (n <= 0) break;
          done += static_cast<size_t>(n);
        }
        if (fd < 0 || done < size || ::fsync(fd) != 0) failed = true;
        if (fd >= 0) ::close(fd);
        ++files;
      }
    });
  for (std::thread& worker : workers) worker.join();
  return failed ? -1 : static_cast<double>(files) / SecondsSince(start);
}

double Md5BytesPerSecond(size_t size, double seconds) {
  const std::string bytes(size, 'x');
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  uint64_t total = 0;
  const auto start = SteadyClock::now();
  while (SecondsSince(start) < seconds) {
    EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_md5(), nullptr);
    total += size;
  }
  return static_cast<double>(total) / SecondsSince(start);
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  int threads = 16;
  size_t size = 1u << 20;
  double seconds = 3;
  CLI::App app("Floor of durable uploads");
  app.add_option("--folder", folder, "an empty folder on the disk under test")->required();
  app.add_option("--threads", threads);
  app.add_option("--size", size);
  app.add_option("--seconds", seconds);
  CLI11_PARSE(app, argc, argv);
  const double files = WriteAndSync(folder, threads, size, seconds);
  if (files < 0) {
    std::fprintf(stderr, "floor: writing below %s failed\n", folder.c_str());
    return 1;
  }
  std::printf(
      "{\"files_per_second\": %.1f, \"bytes_per_second\": %.0f, "
      "\"md5_bytes_per_second\": %.0f}\n",
      files, files * static_cast<double>(size), Md5BytesPerSecond(size, 1.0));
}
