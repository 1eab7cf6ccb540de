// HotParams and HotRows: PostgreSQL's binary forms (big-endian numbers, timestamps in microseconds since 2000, arrays
// with a header of five words). See src/backend/utils/adt/arrayfuncs.c, array_recv, for the array's.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <type_traits>

#include "server/store/hot_path_connection.h"

namespace carillon {
namespace {

constexpr std::int32_t kBoolOid = 16, kByteaOid = 17, kInt8Oid = 20, kInt2Oid = 21, kInt4Oid = 23, kTextOid = 25,
                       kTimestamptzOid = 1184, kIntervalOid = 1186;
constexpr Instant kPostgresEpoch{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}.time_since_epoch()};

template <class Number>
std::array<char, sizeof(Number)> in_network_order(Number number) {
  const auto bits = static_cast<std::make_unsigned_t<Number>>(number);
  std::array<char, sizeof(Number)> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<unsigned char>((bits >> (8 * (bytes.size() - 1 - i))) & 0xFFU));
  return bytes;
}

template <class Number>
void put(std::string& out, Number number) {
  const auto bytes = in_network_order(number);
  out.append(bytes.data(), bytes.size());
}

template <class Number>
Number get(std::string_view data) {
  if (data.size() != sizeof(Number)) throw std::logic_error("a column does not have the width that was expected");
  std::make_unsigned_t<Number> bits = 0;
  for (const char c : data)
    bits = static_cast<std::make_unsigned_t<Number>>((bits << 8U) | static_cast<unsigned char>(c));
  return static_cast<Number>(bits);
}

// Instant::max() and ::min() are infinity and -infinity.
std::int64_t micros(Instant instant) {
  if (instant == Instant::max()) return INT64_MAX;
  if (instant == Instant::min()) return INT64_MIN;
  return (instant - kPostgresEpoch).count();
}

Instant instant_of(std::int64_t value) {
  if (value == INT64_MAX) return Instant::max();
  if (value == INT64_MIN) return Instant::min();
  return kPostgresEpoch + Duration{value};
}

void put_interval(std::string& out, Duration duration) {
  put<std::int64_t>(out, duration.count());
  put<std::int32_t>(out, 0);  // days
  put<std::int32_t>(out, 0);  // months
}

std::string empty_array(std::int32_t oid) {
  std::string out;
  put<std::int32_t>(out, 0);  // dimensions
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, oid);
  return out;
}

// A batch has thousands of elements, so each is written where it belongs and its length put in front of it afterwards.
// When all of them are NULL the array is empty: unnest() fills short lists up with NULL, and PostgreSQL works through
// each list of an unnest() by itself, so that a column nobody needs would cost as much as one that somebody does.
template <class Values, class Put>
std::string array(std::int32_t oid, const Values& values, Put&& put_element) {
  constexpr std::size_t kHeader = 20, kUsualElement = 12;
  std::string out;
  out.reserve(kHeader + values.size() * kUsualElement);
  put<std::int32_t>(out, 1);  // dimensions
  put<std::int32_t>(out, 1);  // may hold nulls
  put<std::int32_t>(out, oid);
  put<std::int32_t>(out, static_cast<std::int32_t>(values.size()));
  put<std::int32_t>(out, 1);  // the first index
  bool said = false;
  for (const auto& value : values) {
    const std::size_t length_at = out.size();
    put<std::int32_t>(out, -1);
    if (!put_element(out, value)) continue;
    said = true;
    const auto length = in_network_order(static_cast<std::int32_t>(out.size() - length_at - sizeof(std::int32_t)));
    std::copy(length.begin(), length.end(), out.begin() + static_cast<std::ptrdiff_t>(length_at));
  }
  return said ? out : empty_array(oid);
}

template <class Number>
std::string numbers(std::int32_t oid, const std::vector<Number>& values) {
  return array(oid, values, [](std::string& out, Number value) {
    put(out, value);
    return true;
  });
}

template <class Number>
std::string numbers(std::int32_t oid, const std::vector<std::optional<Number>>& values) {
  return array(oid, values, [](std::string& out, const std::optional<Number>& value) {
    if (value) put(out, *value);
    return value.has_value();
  });
}

bool put_optional(std::string& out, MaybeText value) {
  if (value) out += *value;
  return value.has_value();
}

}  // namespace

HotParams& HotParams::add(std::string data) {
  values_.push_back({false, std::move(data)});
  return *this;
}
HotParams& HotParams::text(std::string_view value) { return add(std::string{value}); }
HotParams& HotParams::opt_text(const std::optional<std::string>& value) {
  values_.push_back({!value.has_value(), value.value_or("")});
  return *this;
}
HotParams& HotParams::int16(std::int16_t value) {
  put(values_.emplace_back().data, value);
  return *this;
}
HotParams& HotParams::int32(std::int32_t value) {
  put(values_.emplace_back().data, value);
  return *this;
}
HotParams& HotParams::int64(std::int64_t value) {
  put(values_.emplace_back().data, value);
  return *this;
}
HotParams& HotParams::instant(Instant value) { return int64(micros(value)); }
HotParams& HotParams::interval(Duration value) {
  put_interval(values_.emplace_back().data, value);
  return *this;
}
HotParams& HotParams::int16s(const std::vector<std::int16_t>& values) { return add(numbers(kInt2Oid, values)); }
HotParams& HotParams::int32s(const std::vector<std::int32_t>& values) { return add(numbers(kInt4Oid, values)); }
HotParams& HotParams::int64s(const std::vector<std::int64_t>& values) { return add(numbers(kInt8Oid, values)); }
HotParams& HotParams::int32s(const std::vector<std::optional<std::int32_t>>& values) {
  return add(numbers(kInt4Oid, values));
}
HotParams& HotParams::int64s(const std::vector<std::optional<std::int64_t>>& values) {
  return add(numbers(kInt8Oid, values));
}
HotParams& HotParams::bools(const std::vector<bool>& values) {
  return add(array(kBoolOid, values, [](std::string& out, bool value) {
    out.push_back(value ? '\1' : '\0');
    return true;
  }));
}
HotParams& HotParams::bools(const std::vector<std::optional<bool>>& values) {
  return add(array(kBoolOid, values, [](std::string& out, std::optional<bool> value) {
    if (value) out.push_back(*value ? '\1' : '\0');
    return value.has_value();
  }));
}
HotParams& HotParams::instants(const std::vector<Instant>& values) {
  return add(array(kTimestamptzOid, values, [](std::string& out, Instant value) {
    put(out, micros(value));
    return true;
  }));
}
HotParams& HotParams::instants(const std::vector<std::optional<Instant>>& values) {
  return add(array(kTimestamptzOid, values, [](std::string& out, const std::optional<Instant>& value) {
    if (value) put(out, micros(*value));
    return value.has_value();
  }));
}
HotParams& HotParams::intervals(const std::vector<Duration>& values) {
  return add(array(kIntervalOid, values, [](std::string& out, Duration value) {
    put_interval(out, value);
    return true;
  }));
}
HotParams& HotParams::intervals(const std::vector<std::optional<Duration>>& values) {
  return add(array(kIntervalOid, values, [](std::string& out, const std::optional<Duration>& value) {
    if (value) put_interval(out, *value);
    return value.has_value();
  }));
}
HotParams& HotParams::texts(const std::vector<std::string>& values) {
  return add(array(kTextOid, values, [](std::string& out, const std::string& value) {
    out += value;
    return true;
  }));
}
HotParams& HotParams::texts(const std::vector<MaybeText>& values) { return add(array(kTextOid, values, put_optional)); }
HotParams& HotParams::byteas(const std::vector<MaybeText>& values) {
  return add(array(kByteaOid, values, put_optional));
}

HotRows::HotRows(pg_result* result) : result_(result, [](PGresult* each) { PQclear(each); }) {}

int HotRows::size() const { return PQntuples(result_.get()); }

std::optional<std::string_view> HotRows::Row::next() {
  const PGresult* result = rows_.result_.get();
  const int column = column_++;
  if (column >= PQnfields(result)) throw std::logic_error("the answer has fewer columns than are read");
  if (PQgetisnull(result, row_, column) != 0) return std::nullopt;
  return std::string_view{PQgetvalue(result, row_, column),
                          static_cast<std::size_t>(PQgetlength(result, row_, column))};
}

std::string_view HotRows::Row::must() {
  const auto value = next();
  if (!value) throw std::logic_error("a column is null that never should be");
  return *value;
}

std::int16_t HotRows::Row::int16() { return get<std::int16_t>(must()); }
std::int32_t HotRows::Row::int32() { return get<std::int32_t>(must()); }
std::int64_t HotRows::Row::int64() { return get<std::int64_t>(must()); }
bool HotRows::Row::boolean() { return must() != std::string_view{"\0", 1}; }
std::string HotRows::Row::text() { return std::string{must()}; }
std::optional<std::string> HotRows::Row::opt_text() {
  const auto value = next();
  return value ? std::optional<std::string>{std::string{*value}} : std::nullopt;
}
std::optional<std::int64_t> HotRows::Row::opt_int64() {
  const auto value = next();
  return value ? std::optional<std::int64_t>{get<std::int64_t>(*value)} : std::nullopt;
}
Instant HotRows::Row::instant() { return instant_of(get<std::int64_t>(must())); }
std::optional<Instant> HotRows::Row::opt_instant() {
  const auto value = next();
  return value ? std::optional<Instant>{instant_of(get<std::int64_t>(*value))} : std::nullopt;
}

}  // namespace carillon
