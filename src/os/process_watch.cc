#include "os/process_watch.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "os/proc.h"

namespace caudal::os {
namespace {

constexpr int kKillRounds = 50;

struct Stat {
  char state = 0;
  int group = 0;
  uint64_t started = 0;
};

// "id (name) state parent group …"; the name may hold anything, so from its last parenthesis on.
std::optional<Stat> StatOf(int id) {
  const std::string text = ReadProc(std::to_string(id), "stat", 1024);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  Stat stat;
  size_t at = name_end + 1;
  for (int field = 3; field <= 22; ++field) {
    at = text.find_first_not_of(' ', at);
    if (at == std::string::npos) return std::nullopt;
    const size_t end = std::min(text.find(' ', at), text.size());
    const char* from = text.data() + at;
    if (field == 3) stat.state = *from;
    if (field == 5) std::from_chars(from, text.data() + end, stat.group);
    if (field == 22) std::from_chars(from, text.data() + end, stat.started);
    at = end;
  }
  return stat;
}

uint64_t MemoryOf(int id) {
  const std::string text = ReadProc(std::to_string(id), "status", 8192);
  uint64_t kib = 0;
  for (const char* field : {"\nRssAnon:", "\nRssShmem:", "\nVmSwap:"}) {
    size_t at = text.find(field);
    if (at == std::string::npos) continue;
    at = text.find_first_of("0123456789", at);
    uint64_t value = 0;
    if (at != std::string::npos)
      std::from_chars(text.data() + at, text.data() + text.size(), value);
    kib += value;
  }
  return kib * 1024;
}

}  // namespace

std::vector<ProcessWatch::Process> ProcessWatch::List() {
  std::vector<Process> list;
  std::unordered_map<int, Known> known;
  for (const int id : ProcessNumbers()) {
    const std::optional<Stat> stat = StatOf(id);
    if (!stat) continue;
    Process process{id, stat->group, stat->state == 'Z' || stat->state == 'X', {}};
    const auto found = known_.find(id);
    if (found != known_.end() && found->second.started == stat->started &&
        !found->second.mark.empty()) {
      process.mark = found->second.mark;
    } else {
      // One without a mark may get it yet, by an exec.
      process.mark = MarkOf(id, name_);
    }
    if (!process.mark.empty()) known[id] = {stat->started, process.mark};
    list.push_back(std::move(process));
  }
  known_ = std::move(known);
  return list;
}

std::vector<ProcessUse> ProcessWatch::Look(std::span<const Watched> watched) {
  std::vector<ProcessUse> uses(watched.size());
  for (const Process& process : List()) {
    if (process.zombie) continue;
    for (size_t i = 0; i < watched.size(); ++i) {
      if ((watched[i].group == 0 || process.group != watched[i].group) &&
          (process.mark.empty() || process.mark != watched[i].mark))
        continue;
      ++uses[i].processes;
      uses[i].memory_bytes += MemoryOf(process.id);
    }
  }
  return uses;
}

int ProcessWatch::Kill(const Watched& watched) {
  std::set<int> killed;
  for (int round = 0; round < kKillRounds; ++round) {
    bool found = false;
    for (const Process& process : List()) {
      if (process.zombie || process.mark.empty() || process.mark != watched.mark) continue;
      found = true;
      killed.insert(process.id);
      ::kill(process.id, SIGKILL);
    }
    if (!found) break;
    ::usleep(1000);
  }
  return static_cast<int>(killed.size());
}

std::vector<std::string> ProcessWatch::MarksThatBegin(std::string_view prefix) {
  std::set<std::string> marks;
  for (const Process& process : List())
    if (!process.zombie && !process.mark.empty() && process.mark.starts_with(prefix))
      marks.insert(process.mark);
  return {marks.begin(), marks.end()};
}

}  // namespace caudal::os
