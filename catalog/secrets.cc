#include "catalog/secrets.h"

#include <sodium.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "server/base/check.h"
#include "server/base/mask.h"
#include "server/process/private_file.h"

namespace carillon::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "carillon-vault-1\n";  // before nonce and ciphertext
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kSealedBytesMax = kSecretBytesMax + 1024;

void wake_sodium() {
  static const int woken = sodium_init();
  CARILLON_CHECK(woken >= 0);
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string random_text(std::size_t bytes) {
  std::string text(bytes, '\0');
  randombytes_buf(text.data(), bytes);
  return text;
}

std::string encrypt(std::string_view value, std::string_view label, std::string_view key) {
  const std::string nonce = random_text(kNonceBytes);
  std::string sealed(value.size() + kTagBytes, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed), nullptr, bytes_of(value), value.size(), bytes_of(label),
                                             label.size(), nullptr, bytes_of(nonce), bytes_of(key));
  return std::string{kMark} + nonce + sealed;
}

std::optional<std::string> decrypt(std::string_view file, std::string_view label, std::string_view key) {
  if (!file.starts_with(kMark) || file.size() < kMark.size() + kNonceBytes + kTagBytes) return std::nullopt;
  const std::string_view nonce = file.substr(kMark.size(), kNonceBytes);
  const std::string_view sealed = file.substr(kMark.size() + kNonceBytes);
  std::string value(sealed.size() - kTagBytes, '\0');
  const int opened =
      crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(value), nullptr, nullptr, bytes_of(sealed), sealed.size(),
                                                 bytes_of(label), label.size(), bytes_of(nonce), bytes_of(key));
  if (opened != 0) return std::nullopt;
  return value;
}

std::string to_hex(std::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes_of(bytes), bytes.size());
  text.pop_back();
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes(kKeyBytes, '\0');
  std::size_t length = 0;
  sodium_hex2bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), "\r\n ", &length, nullptr);
  bytes.resize(length);
  return bytes;
}

constexpr std::string_view word_of(Shelf shelf) { return shelf == Shelf::secrets ? "secrets" : "grants"; }

std::string label_of(Shelf shelf, const std::string& name) { return std::string{word_of(shelf)} + "/" + name; }

void make_private_folder(const std::string& path) {
  fs::create_directories(path);
  fs::permissions(path, fs::perms::owner_all);
}

}  // namespace

bool is_entry_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' ||
                  c == '_' || c >= 0x80;
         });
}

std::string Vault::folder_of(Shelf shelf) const { return (fs::path{directory_} / word_of(shelf)).string(); }
std::string Vault::path_of(Shelf shelf, const std::string& name) const {
  return (fs::path{folder_of(shelf)} / name).string();
}

// Made when it is first asked for; the first of several makers wins.
Result<std::string> Vault::key() const {
  wake_sodium();
  const std::string path = (fs::path{directory_} / "key").string();
  try {
    auto text = process::read_private_file(path, 1024);
    if (!text) {
      make_private_folder(directory_);
      process::make_private_file(path, to_hex(random_text(kKeyBytes)) + "\n");
      text = process::read_private_file(path, 1024);
    }
    std::string key = from_hex(text.value_or(""));
    if (key.size() != kKeyBytes) return Error{ErrorCode::unavailable, path + " holds no key of 64 hexadecimal digits"};
    register_secret(to_hex(key));
    return key;
  } catch (const std::system_error& problem) {
    return Error{ErrorCode::unavailable, problem.what()};
  }
}

Result<std::string> Vault::read(Shelf shelf, const std::string& name) const {
  const Error missing{ErrorCode::unknown_name, "there is no \"" + name + "\" in the vault"};
  if (directory_.empty() || !is_entry_name(name)) return missing;
  try {
    const auto file = process::read_private_file(path_of(shelf, name), kSealedBytesMax);
    if (!file) return missing;
    const auto opener = key();
    if (!opener) return opener.error();
    auto value = decrypt(*file, label_of(shelf, name), *opener);
    if (!value)
      return Error{ErrorCode::unavailable, path_of(shelf, name) + " was not written with the key of this vault"};
    if (shelf == Shelf::secrets) register_secret(*value);
    return *std::move(value);
  } catch (const std::system_error& problem) {
    return Error{ErrorCode::unavailable, problem.what()};
  }
}

Status Vault::write(Shelf shelf, const std::string& name, std::string_view value) const {
  if (directory_.empty()) return Error{ErrorCode::unavailable, "there is no vault here"};
  if (!is_entry_name(name))
    return Error{ErrorCode::arguments_invalid, "a name has 1 to 64 letters, digits, - . and _, and no dot in front"};
  if (value.empty() || value.size() > kSecretBytesMax)
    return Error{ErrorCode::arguments_invalid, "a value has 1 byte to 64 KiB"};
  const auto sealer = key();
  if (!sealer) return sealer.error();
  if (shelf == Shelf::secrets) register_secret(value);
  try {
    make_private_folder(folder_of(shelf));
    process::write_private_file(path_of(shelf, name), encrypt(value, label_of(shelf, name), *sealer));
  } catch (const std::system_error& problem) {
    return Error{ErrorCode::unavailable, problem.what()};
  }
  return Done{};
}

bool Vault::erase(Shelf shelf, const std::string& name) const {
  return !directory_.empty() && is_entry_name(name) && fs::remove(path_of(shelf, name));
}

std::vector<std::string> Vault::names(Shelf shelf) const {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& file : fs::directory_iterator{folder_of(shelf), missing})
    if (const std::string name = file.path().filename().string(); is_entry_name(name)) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

Result<process::FileLock> Vault::take_turn(Shelf shelf, const std::string& name, Duration at_most) const {
  if (directory_.empty() || !is_entry_name(name)) return Error{ErrorCode::unavailable, "there is no vault here"};
  try {
    make_private_folder(folder_of(shelf));
    const std::string path = (fs::path{folder_of(shelf)} / ("." + name + ".lock")).string();
    auto lock = process::FileLock::take_within(path, process::LockKind::exclusive, at_most);
    if (!lock) return Error{ErrorCode::unavailable, "another process has been changing \"" + name + "\" for too long"};
    return *std::move(lock);
  } catch (const std::system_error& problem) {
    return Error{ErrorCode::unavailable, problem.what()};
  }
}

}  // namespace carillon::catalog
