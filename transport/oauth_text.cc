#include "transport/oauth_text.h"

#include <algorithm>
#include <cctype>

#include "server/base/ascii.h"
#include "transport/base64.h"
#include "transport/client_http.h"
#include "transport/http_handler.h"
#include "transport/sealed_state.h"
#include "transport/sha256.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kHeaderBytesMax = 16 * 1024;

// Reads a WWW-Authenticate header from left to right. A word followed by "=" is a parameter, another opens a challenge.
class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : rest_(text) {}

  std::vector<AuthChallenge> read() {
    while (skip_to_word()) {
      const std::string word = lower_case(take_while(is_token_character));
      skip_blanks();
      if (!rest_.empty() && rest_.front() == '=' && !found_.empty()) {
        rest_.remove_prefix(1);
        skip_blanks();
        found_.back().params.emplace(word, take_value());
      } else {
        found_.push_back({word, {}});
      }
    }
    return std::move(found_);
  }

 private:
  bool skip_to_word() {
    const auto word = std::find_if(rest_.begin(), rest_.end(), is_token_character);
    rest_.remove_prefix(static_cast<std::size_t>(word - rest_.begin()));
    return !rest_.empty();
  }
  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  std::string_view take_while(bool (*holds)(char)) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), holds);
    const auto word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(word.size());
    return word;
  }
  std::string take_value() {
    if (rest_.empty() || rest_.front() != '"') return std::string{take_while(is_token_character)};
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      value.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return "";  // it does not end
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  std::vector<AuthChallenge> found_;
};

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (escaped) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// The path of an address without a slash at its end; empty for the root.
std::string path_of(const std::string& url) {
  const auto address = parse_http_address(url);
  if (!address) return "";
  std::string path = address->path.substr(0, address->path.find('?'));
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

std::vector<AuthChallenge> parse_challenges(std::string_view header) {
  return ChallengeReader{header.substr(0, kHeaderBytesMax)}.read();
}

std::string challenge_param(const std::vector<AuthChallenge>& challenges, const std::string& name) {
  for (const auto& challenge : challenges) {
    if (challenge.scheme != "bearer" && challenge.scheme != "dpop") continue;
    if (const auto found = challenge.params.find(name); found != challenge.params.end()) return found->second;
  }
  return "";
}

std::string percent_encode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char each : text) {
    const auto c = static_cast<unsigned char>(each);
    if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(each);
    } else {
      out += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return out;
}

std::string form_encode(const FormFields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    if (!out.empty()) out.push_back('&');
    out += percent_encode(name) + "=" + percent_encode(value);
  }
  return out;
}

std::map<std::string, std::string> query_params(std::string_view url) {
  std::map<std::string, std::string> params;
  url = url.substr(0, url.find('#'));
  const auto mark = url.find('?');
  if (mark == std::string_view::npos) return params;
  url.remove_prefix(mark + 1);
  while (!url.empty()) {
    const auto pair = url.substr(0, url.find('&'));
    const auto equals = std::min(pair.find('='), pair.size());
    params.emplace(percent_decode(pair.substr(0, equals)),
                   percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
    url.remove_prefix(std::min(pair.size() + 1, url.size()));
  }
  return params;
}

std::string origin_of(const std::string& url) {
  const auto address = parse_http_address(url);
  return address ? lower_case(address->origin) : "";
}

std::string without_query(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

std::vector<std::string> resource_metadata_urls(const std::string& server_url) {
  const std::string root = origin_of(server_url) + "/.well-known/oauth-protected-resource";
  const std::string path = path_of(server_url);
  if (path.empty()) return {root};
  return {root + path, root};
}

std::vector<std::string> issuer_metadata_urls(const std::string& issuer) {
  const std::string origin = origin_of(issuer);
  const std::string path = path_of(issuer);
  std::vector<std::string> urls{origin + "/.well-known/oauth-authorization-server" + path,
                                origin + "/.well-known/openid-configuration" + path};
  if (!path.empty()) urls.push_back(origin + path + "/.well-known/openid-configuration");
  return urls;
}

bool resource_covers(const std::string& resource, const std::string& server_url) {
  const std::string origin = origin_of(resource);
  if (origin.empty() || origin != origin_of(server_url) || resource.find('#') != std::string::npos) return false;
  const std::string whole = path_of(server_url), part = path_of(resource);
  return whole.starts_with(part) && (whole.size() == part.size() || whole[part.size()] == '/');
}

Pkce pkce_of(std::string verifier) {
  std::string challenge = to_base64url(sha256(verifier));
  return {std::move(verifier), std::move(challenge)};
}

Pkce new_pkce() { return pkce_of(random_token(32)); }

std::string scope_union(std::string_view one, std::string_view other) {
  std::string all;
  for (const auto text : {one, other}) {
    for (const auto word : words_of(text)) {
      if (scope_includes(all, word)) continue;
      if (!all.empty()) all.push_back(' ');
      all.append(word);
    }
  }
  return all;
}

bool scope_includes(std::string_view all, std::string_view wanted) {
  const auto words = words_of(all);
  const auto asked = words_of(wanted);
  return std::all_of(asked.begin(), asked.end(),
                     [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); });
}

}  // namespace carillon::transport
