#include "server/delivery/mail.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "transport/base64.h"

namespace carillon::delivery {
namespace {

constexpr std::size_t kEncodedBytesMax = 39;  // with "Subject: =?UTF-8?B?…?=" a line of 73
constexpr std::size_t kPlainHeaderMax = 60;
constexpr std::size_t kPlainLineMax = 200;
constexpr std::size_t kBase64LineMax = 76;

bool is_continuation(char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) == 0x80U; }
bool is_plain(unsigned char letter) { return letter >= ' ' && letter < 127; }

// How many bytes from `begin` on are whole characters and no more than the limit.
std::size_t whole_characters(std::string_view text, std::size_t begin) {
  std::size_t end = std::min(text.size(), begin + kEncodedBytesMax);
  while (end < text.size() && end > begin + 1 && is_continuation(text[end])) --end;
  return end - begin;
}

std::string one_line(std::string_view text) {
  std::string line{text};
  std::replace_if(
      line.begin(), line.end(), [](unsigned char letter) { return letter < ' ' || letter == 127; }, ' ');
  return line;
}

// "Fri, 20 Nov 2026 13:00:00 +0000"; strftime would say the day in the language of the machine.
std::string date_of(Instant at) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string{kDays[static_cast<std::size_t>(utc.tm_wday)]} + ", " + two(utc.tm_mday) + " " +
         kMonths[static_cast<std::size_t>(utc.tm_mon)] + " " + std::to_string(1900 + utc.tm_year) + " " +
         two(utc.tm_hour) + ":" + two(utc.tm_min) + ":" + two(utc.tm_sec) + " +0000";
}

// Whether the text may travel as it is: ASCII in short lines.
bool is_seven_bit(std::string_view text) {
  std::size_t line = 0;
  for (const unsigned char letter : text) {
    line = letter == '\n' ? 0 : line + 1;
    if (line > kPlainLineMax || !(is_plain(letter) || letter == '\n' || letter == '\t')) return false;
  }
  return true;
}

std::string with_crlf(std::string_view text) {
  std::string lines;
  for (const char letter : text) lines += letter == '\n' ? std::string{"\r\n"} : std::string{letter};
  return lines + "\r\n";
}

std::string in_base64(std::string_view text) {
  const std::string encoded = transport::to_base64(with_crlf(text));
  std::string lines;
  for (std::size_t i = 0; i < encoded.size(); i += kBase64LineMax) lines += encoded.substr(i, kBase64LineMax) + "\r\n";
  return lines;
}

}  // namespace

std::string header_text(std::string_view text) {
  const std::string line = one_line(text);
  const bool plain = line.size() <= kPlainHeaderMax && std::all_of(line.begin(), line.end(), is_plain) &&
                     line.find("=?") == std::string::npos;
  if (plain) return line;
  std::string words;
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t length = whole_characters(line, begin);
    words += (words.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") +
             transport::to_base64(std::string_view{line}.substr(begin, length)) + "?=";
    begin += length;
  }
  return words;
}

std::string write_mail(const Letter& letter, const std::string& from, const std::string& to) {
  const bool seven_bit = is_seven_bit(letter.text);
  return "From: Carillon <" + from + ">\r\nTo: <" + to + ">\r\nSubject: " + header_text(letter.subject) +
         "\r\nDate: " + date_of(letter.at) + "\r\nMessage-ID: <" + letter.id + from.substr(from.find('@')) +
         ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: " +
         (seven_bit ? "7bit" : "base64") + "\r\n\r\n" + (seven_bit ? with_crlf(letter.text) : in_base64(letter.text));
}

}  // namespace carillon::delivery
