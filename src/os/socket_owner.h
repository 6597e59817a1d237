// Which process of this machine is at the other end of a connection over loopback.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caudal::os {

// The mark (see ProcessWatch: "NAME=value") of the process that holds the socket bound to
// `client_port` and connected to `server_port`, both on a loopback address. Looks only at processes
// whose mark begins with `mark_prefix`, as far as this user may see them; nothing when it is none
// of them. Takes about a millisecond.
std::optional<std::string> MarkOfClient(std::string_view mark_prefix, uint16_t client_port,
                                        uint16_t server_port);

}  // namespace caudal::os
