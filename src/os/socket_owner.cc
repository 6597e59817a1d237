#include "os/socket_owner.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>

#include "os/proc.h"

namespace caudal::os {
namespace {

constexpr size_t kTableBytesMax = 16u << 20;

struct End {
  std::string_view address;  // hexadecimal, as the kernel writes it
  uint16_t port = 0;
};

std::optional<End> ParseEnd(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  End end{text.substr(0, colon), 0};
  const std::string_view port = text.substr(colon + 1);
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), end.port, 16);
  if (error != std::errc() || stop != port.data() + port.size()) return std::nullopt;
  return end;
}

// 127.0.0.0/8, ::1, and the former as the latter's kind.
bool IsLoopback(std::string_view address) {
  return (address.size() == 8 && address.ends_with("7F")) ||
         address == "00000000000000000000000001000000" ||
         (address.size() == 32 && address.starts_with("0000000000000000FFFF0000") &&
          address.ends_with("7F"));
}

std::string_view NextWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

// The inode of the client's socket; empty: there is no such connection.
std::string FindSocket(const char* table, uint16_t client_port, uint16_t server_port) {
  const std::string text = ReadProc("self", table, kTableBytesMax);
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    // "sl: local remote state queues timer retransmits user timeout inode …"
    std::array<std::string_view, 10> words;
    for (std::string_view& word : words) word = NextWord(line);
    const std::optional<End> local = ParseEnd(words[1]);
    const std::optional<End> remote = ParseEnd(words[2]);
    if (local && remote && local->port == client_port && remote->port == server_port &&
        IsLoopback(local->address) && IsLoopback(remote->address))
      return std::string(words[9]);
  }
  return {};
}

bool Holds(int id, const std::string& socket) {
  const std::string folder = "/proc/" + std::to_string(id) + "/fd";
  const std::unique_ptr<DIR, int (*)(DIR*)> fds(::opendir(folder.c_str()), &::closedir);
  if (!fds) return false;
  while (const dirent* entry = ::readdir(fds.get())) {
    std::array<char, 64> target{};
    const ssize_t length =
        ::readlinkat(::dirfd(fds.get()), entry->d_name, target.data(), target.size());
    if (length > 0 && std::string_view(target.data(), static_cast<size_t>(length)) == socket)
      return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> MarkOfClient(std::string_view mark_prefix, uint16_t client_port,
                                        uint16_t server_port) {
  std::string inode = FindSocket("net/tcp", client_port, server_port);
  if (inode.empty()) inode = FindSocket("net/tcp6", client_port, server_port);
  if (inode.empty() || inode == "0") return std::nullopt;
  const std::string socket = "socket:[" + inode + "]";
  const std::string_view name = mark_prefix.substr(0, mark_prefix.find('=') + 1);
  for (const int id : ProcessNumbers()) {
    std::string mark = MarkOf(id, name);
    if (mark.starts_with(mark_prefix) && Holds(id, socket)) return mark;
  }
  return std::nullopt;
}

}  // namespace caudal::os
