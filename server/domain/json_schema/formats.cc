#include "server/domain/json_schema/formats.h"

#include "server/domain/json_schema/format_checks.h"

namespace carillon::json_schema {
namespace {

constexpr Format kFormats[] = {
    {"date-time", is_date_time, "a date with time and offset", "2026-11-21T15:00:00Z"},
    {"date", is_date, "a date", "2026-11-21"},
    {"time", is_time, "a time with offset", "15:00:00+01:00"},
    {"duration", is_duration, "a duration", "PT1H30M"},
    {"email", is_email, "an e-mail address", "ana@example.com"},
    {"idn-email", is_idn_email, "an e-mail address, in any script", "josé@example.com"},
    {"hostname", is_hostname, "a host name", "example.com"},
    {"idn-hostname", is_idn_hostname, "a host name, in any script", "éxample.com"},
    {"ipv4", is_ipv4, "an IPv4 address", "192.0.2.1"},
    {"ipv6", is_ipv6, "an IPv6 address", "2001:db8::1"},
    {"uri", is_uri, "a URI", "https://example.com/page"},
    {"uri-reference", is_uri_reference, "a URI or a relative reference", "/page?x=1"},
    {"iri", is_iri, "a URI, in any script", "https://example.com/é"},
    {"iri-reference", is_iri_reference, "a URI or a relative reference, in any script", "/é"},
    {"uri-template", is_uri_template, "a URI template", "https://example.com/{name}"},
    {"uuid", is_uuid, "a UUID", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"},
    {"json-pointer", is_json_pointer, "a JSON pointer", "/items/0"},
    {"relative-json-pointer", is_relative_json_pointer, "a relative JSON pointer", "1/items"},
    {"regex", is_regex, "a regular expression", "^[a-z]+$"},
};

}  // namespace

std::span<const Format> all_formats() { return kFormats; }

const Format* find_format(std::string_view name) {
  for (const auto& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace carillon::json_schema
