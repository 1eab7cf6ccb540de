// One predicate a format: does the text have it? Each follows the RFC that JSON Schema names for it.
//
// Internal to this folder; formats.cc gives them their names. Times are in time_formats.cc, addresses in
// address_formats.cc, names of machines in name_formats.cc, URIs and pointers in uri_formats.cc. Pure; thread-safe.
#pragma once

#include <string_view>

namespace carillon::json_schema {

enum class Script { ascii, any };  // what the letters of a text may be

bool is_date_time(std::string_view text);  // RFC 3339
bool is_date(std::string_view text);
bool is_time(std::string_view text);
bool is_duration(std::string_view text);  // RFC 3339, appendix A

bool is_email(std::string_view text);         // RFC 5321, 4.1.2
bool is_idn_email(std::string_view text);     // RFC 6531
bool is_hostname(std::string_view text);      // RFC 1123; of a label with xn-- the encoded name, RFC 5891
bool is_idn_hostname(std::string_view text);  // RFC 5890, without the rules of RFC 5893 for names in two directions
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // RFC 4291, 2.2
bool is_uuid(std::string_view text);

bool is_uri(std::string_view text);  // RFC 3986
bool is_uri_reference(std::string_view text);
bool is_iri(std::string_view text);  // RFC 3987
bool is_iri_reference(std::string_view text);
bool is_uri_template(std::string_view text);  // RFC 6570
bool is_json_pointer(std::string_view text);  // RFC 6901
bool is_relative_json_pointer(std::string_view text);
bool is_regex(std::string_view text);  // ECMA-262, as `pattern` takes it

}  // namespace carillon::json_schema
