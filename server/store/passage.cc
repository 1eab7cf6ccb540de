#include "server/store/passage.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace carillon {
namespace {

constexpr char kAclAttribute[] = "system.posix_acl_access";

using Entry = posix_acl_xattr_entry;

bool may_pass(const struct stat& folder, const process::Identity& identity) {
  if (folder.st_uid == identity.user) return (folder.st_mode & S_IXUSR) != 0;
  if (folder.st_gid == identity.group) return (folder.st_mode & S_IXGRP) != 0;
  return (folder.st_mode & S_IXOTH) != 0;
}

std::vector<Entry> entries_of_mode(mode_t mode) {
  const auto bits = [mode](int shift) { return static_cast<__le16>((mode >> shift) & 7); };
  const auto none = static_cast<__le32>(ACL_UNDEFINED_ID);
  return {{ACL_USER_OBJ, bits(6), none}, {ACL_GROUP_OBJ, bits(3), none}, {ACL_OTHER, bits(0), none}};
}

std::vector<Entry> read_entries(const std::string& folder, mode_t mode) {
  std::vector<char> bytes(4096);
  const ssize_t size = ::getxattr(folder.c_str(), kAclAttribute, bytes.data(), bytes.size());
  if (size < static_cast<ssize_t>(sizeof(posix_acl_xattr_header))) return entries_of_mode(mode);
  const auto count = (static_cast<std::size_t>(size) - sizeof(posix_acl_xattr_header)) / sizeof(Entry);
  std::vector<Entry> entries(count);
  std::memcpy(entries.data(), bytes.data() + sizeof(posix_acl_xattr_header), count * sizeof(Entry));
  return entries;
}

// Adds the entry, or the right to pass to the one that is there. The mask bounds every named entry: it must allow it.
void add_passage(std::vector<Entry>& entries, uid_t user) {
  const auto is_user = [user](const Entry& e) { return e.e_tag == ACL_USER && e.e_id == user; };
  const auto named = std::find_if(entries.begin(), entries.end(), is_user);
  if (named == entries.end())
    entries.push_back({ACL_USER, ACL_EXECUTE, user});
  else
    named->e_perm = static_cast<__le16>(named->e_perm | ACL_EXECUTE);
  const auto mask = std::find_if(entries.begin(), entries.end(), [](const Entry& e) { return e.e_tag == ACL_MASK; });
  if (mask != entries.end()) {
    mask->e_perm = static_cast<__le16>(mask->e_perm | ACL_EXECUTE);
  } else {
    const auto group =
        std::find_if(entries.begin(), entries.end(), [](const Entry& e) { return e.e_tag == ACL_GROUP_OBJ; });
    const auto allowed = group == entries.end() ? ACL_EXECUTE : group->e_perm | ACL_EXECUTE;
    entries.push_back({ACL_MASK, static_cast<__le16>(allowed), static_cast<__le32>(ACL_UNDEFINED_ID)});
  }
  // The kernel wants them ordered by kind, named ones by id.
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.e_tag != b.e_tag ? a.e_tag < b.e_tag : a.e_id < b.e_id; });
}

bool write_entries(const std::string& folder, const std::vector<Entry>& entries) {
  const posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
  std::vector<char> bytes(sizeof header + entries.size() * sizeof(Entry));
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
  return ::setxattr(folder.c_str(), kAclAttribute, bytes.data(), bytes.size(), 0) == 0;
}

Status open_folder(const std::string& folder, const process::Identity& identity) {
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0)
    return Error{ErrorCode::unavailable, "cannot look at " + folder + ": " + std::strerror(errno)};
  if (may_pass(found, identity)) return Done{};
  auto entries = read_entries(folder, found.st_mode);
  add_passage(entries, identity.user);
  if (write_entries(folder, entries)) return Done{};
  return Error{ErrorCode::unavailable,
               "the user that runs PostgreSQL (uid " + std::to_string(identity.user) + ") may not pass through " +
                   folder + " and an access entry for it failed: " + std::strerror(errno) +
                   ". Choose a CARILLON_HOME that it can reach, for example /var/lib/carillon."};
}

}  // namespace

Status let_pass(const std::string& path, const process::Identity& identity) {
  std::filesystem::path folder;
  for (const auto& part : std::filesystem::path{path}.lexically_normal()) {
    folder /= part;
    if (part.empty()) continue;
    if (auto opened = open_folder(folder, identity); !opened) return opened;
  }
  return Done{};
}

}  // namespace carillon
