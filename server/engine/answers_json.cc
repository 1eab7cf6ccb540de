#include "server/engine/answers_json.h"

#include <nlohmann/json.hpp>
#include <type_traits>

#include "server/base/check.h"

namespace carillon {

namespace {

// The members of each answer, once for both directions ----------------------------------------------------------------

template <class Visitor>
void members(Visitor& visit, NextSlot& slot) {
  visit("at", slot.at);
  visit("note", slot.note);
}

template <class Visitor>
void members(Visitor& visit, SimilarTask& similar) {
  visit("task", similar.task);
  visit("why", similar.why);
}

template <class Visitor>
void members(Visitor& visit, FieldChange& change) {
  visit("field", change.field);
  visit("before", change.before);
  visit("after", change.after);
}

template <class Visitor>
void members(Visitor& visit, TaskSaved& saved) {
  visit("task", saved.task);
  visit("task_id", saved.task_id);
  visit("result", saved.result);
  visit("state", saved.state);
  visit("version", saved.version);
  visit("kind", saved.kind);
  visit("when", saved.when);
  visit("reads", saved.reads);
  visit("zone", saved.zone);
  visit("next", saved.next);
  visit("action", saved.action);
  visit("agent", saved.agent);
  visit("overlap", saved.overlap);
  visit("misfire", saved.misfire);
  visit("grace", saved.grace);
  visit("durable", saved.durable);
  visit("warnings", saved.warnings);
  visit("similar", saved.similar);
  visit("changed", saved.changed);
  visit("at", saved.at);
}

template <class Visitor>
void members(Visitor& visit, AffectedTask& affected) {
  visit("task", affected.task);
  visit("was", affected.was);
  visit("state", affected.state);
  visit("next", affected.next);
  visit("zone", affected.zone);
  visit("left_out", affected.left_out);
  visit("left_out_counted", affected.left_out_counted);
}

template <class Visitor>
void members(Visitor& visit, TaskStateSet& set) {
  visit("state", set.state);
  visit("tasks", set.tasks);
  visit("unchanged", set.unchanged);
  visit("until", set.until);
  visit("zone", set.zone);
  visit("dispatch_paused", set.dispatch_paused);
  visit("still_running", set.still_running);
  visit("queued", set.queued);
  visit("at", set.at);
}

template <class Visitor>
void members(Visitor& visit, Snoozed& snoozed) {
  visit("task", snoozed.task);
  visit("zone", snoozed.zone);
  visit("was_next", snoozed.was_next);
  visit("next", snoozed.next);
  visit("skipped", snoozed.skipped);
  visit("restored", snoozed.restored);
  visit("reads", snoozed.reads);
  visit("run", snoozed.run);
  visit("at", snoozed.at);
}

template <class Visitor>
void members(Visitor& visit, ItemDeleted& deleted) {
  visit("kind", deleted.kind);
  visit("name", deleted.name);
  visit("hard", deleted.hard);
  visit("restorable_until", deleted.restorable_until);
  visit("still_refers", deleted.still_refers);
  visit("cancelled", deleted.cancelled);
  visit("at", deleted.at);
}

template <class Visitor>
void members(Visitor& visit, RunStarted& started) {
  visit("run", started.run);
  visit("run_id", started.run_id);
  visit("task", started.task);
  visit("task_state", started.task_state);
  visit("state", started.state);
  visit("reason", started.reason);
  visit("run_at", started.run_at);
  visit("zone", started.zone);
  visit("retry_of", started.retry_of);
  visit("at", started.at);
}

template <class Visitor>
void members(Visitor& visit, RunCancelled& cancelled) {
  visit("run", cancelled.run);
  visit("run_id", cancelled.run_id);
  visit("was", cancelled.was);
  visit("state", cancelled.state);
  visit("requested", cancelled.requested);
  visit("outcome_unknown", cancelled.outcome_unknown);
  visit("at", cancelled.at);
}

// The two directions --------------------------------------------------------------------------------------------------

class Writer {
 public:
  template <class T>
  void operator()(const char* name, T& value) {
    object_[name] = written(value);
  }
  json take() { return std::move(object_); }

 private:
  template <class T>
  static json written(T& value) {
    if constexpr (std::is_same_v<T, Instant>) {
      return to_rfc3339(value);
    } else if constexpr (requires { value.has_value(); }) {
      return value ? written(*value) : json(nullptr);
    } else if constexpr (requires { value.push_back(value.front()); } && !std::is_same_v<T, std::string> &&
                         !std::is_same_v<T, json>) {
      json list = json::array();
      for (auto& one : value) list.push_back(written(one));
      return list;
    } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string> && !std::is_same_v<T, json>) {
      Writer inner;
      members(inner, value);
      return inner.take();
    } else {
      return value;
    }
  }

  json object_ = json::object();
};

class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {}
  template <class T>
  void operator()(const char* name, T& value) {
    read(object_.at(name), value);
  }

 private:
  template <class T>
  static void read(const json& from, T& value) {
    if constexpr (std::is_same_v<T, Instant>) {
      const auto instant = parse_rfc3339(from.get_ref<const std::string&>());
      CARILLON_CHECK(instant.has_value());  // Writer wrote it
      value = *instant;
    } else if constexpr (requires { value.has_value(); }) {
      if (!from.is_null()) read(from, value.emplace());
    } else if constexpr (requires { value.push_back(value.front()); } && !std::is_same_v<T, std::string> &&
                         !std::is_same_v<T, json>) {
      for (const json& one : from) read(one, value.emplace_back());
    } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string> && !std::is_same_v<T, json>) {
      Reader inner{from};
      members(inner, value);
    } else {
      from.get_to(value);
    }
  }

  const json& object_;
};

template <class Answer>
json written(Answer answer) {
  Writer writer;
  members(writer, answer);
  return writer.take();
}

}  // namespace

json to_json(const TaskSaved& answer) { return written(answer); }
json to_json(const TaskStateSet& answer) { return written(answer); }
json to_json(const Snoozed& answer) { return written(answer); }
json to_json(const ItemDeleted& answer) { return written(answer); }
json to_json(const RunStarted& answer) { return written(answer); }
json to_json(const RunCancelled& answer) { return written(answer); }

template <class Answer>
Answer answer_from_json(const json& stored) {
  Answer answer;
  Reader reader{stored};
  members(reader, answer);
  return answer;
}

template TaskSaved answer_from_json<TaskSaved>(const json& stored);
template TaskStateSet answer_from_json<TaskStateSet>(const json& stored);
template Snoozed answer_from_json<Snoozed>(const json& stored);
template ItemDeleted answer_from_json<ItemDeleted>(const json& stored);
template RunStarted answer_from_json<RunStarted>(const json& stored);
template RunCancelled answer_from_json<RunCancelled>(const json& stored);

}  // namespace carillon
