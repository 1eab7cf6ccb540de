// Files that only their owner may read: the token, the vault's key and entries, servers.json.
//
// They are written whole: a neighbour is filled, synced and then takes the name, so nobody ever reads half a file, and
// a process that dies in the middle leaves the old one. Every function throws std::system_error where the machine
// refuses. Thread-safe, between processes too.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace carillon::process {

// Replaces the file, or makes it (0600).
void write_private_file(const std::string& path, std::string_view content);

// Makes the file unless it is there. Of several who try at once one wins, and the content of the others is dropped.
void make_private_file(const std::string& path, std::string_view content);

// At most `bytes_max` bytes of it; nothing: there is no such file. Throws (EPERM) where others may read it.
std::optional<std::string> read_private_file(const std::string& path, std::size_t bytes_max);

}  // namespace carillon::process
