#include "tools/followed_calls.h"

#include <algorithm>

#include "server/base/log.h"
#include "server/engine/engine.h"
#include "tools/asking.h"
#include "tools/caller_of.h"
#include "tools/following.h"

namespace carillon::tools {
namespace {

constexpr int kPageSize = 20;

CallContext context_of(const Ports& ports, const transport::RequestContext& request) {
  return {.caller = caller_of(request), .request = request, .ports = ports};
}

// What can be one of our ids: nothing else reaches the database.
bool is_task_id(const std::string& id) {
  constexpr std::size_t kLeast = 22, kMost = 64;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return id.size() >= kLeast && id.size() <= kMost && id.find_first_not_of(kAlphabet) == std::string::npos;
}

std::optional<FollowedCall> find(const CallContext& context, const std::string& id) {
  if (!is_task_id(id)) return std::nullopt;
  auto call = context.ports.engine.find_followed_call(context.caller, id);
  if (!call.ok()) return std::nullopt;
  return std::move(*call);
}

// A call and how its task stands; of what the caller has not, neither.
struct Found {
  std::optional<FollowedCall> call;
  std::optional<transport::TaskView> view;
  bool goes_on() const { return view && !is_final(view->status); }
};

Found look_up(const CallContext& context, const std::string& id) {
  auto call = find(context, id);
  auto view = call ? task_view(context, *call) : std::nullopt;
  return {std::move(call), std::move(view)};
}

std::optional<transport::TaskView> look(const Ports& ports, const transport::RequestContext& request,
                                        const std::string& id) {
  return look_up(context_of(ports, request), id).view;
}

// A run that has ended meanwhile, or is gone, is nothing to stop.
void ask_to_stop(const CallContext& context, const FollowedCall& call) {
  const auto asked = context.ports.engine.cancel_run(
      context.caller, {.run = std::to_string(call.run->run_id), .reason = "its client took the task back"});
  if (!asked.ok() && asked.error().code == ErrorCode::unavailable) throw std::runtime_error(asked.error().message);
}

}  // namespace

FollowedCalls::FollowedCalls(const Ports& ports)
    : ports_(ports),
      following_(std::make_shared<TaskFollowing>(
          ports, [ports](const auto& context, const std::string& id) { return look(ports, context, id); })) {}

FollowedCalls::~FollowedCalls() { following_->stop(); }

void FollowedCalls::get_task(const transport::RequestContext& context, const std::string& id,
                             transport::TaskDone done) {
  done(look(ports_, context, id));
}

void FollowedCalls::list_tasks(const transport::RequestContext& request, const transport::Cursor& cursor,
                               transport::TaskPageDone done) {
  const CallContext context = context_of(ports_, request);
  const auto found = ports_.engine.list_followed_calls(context.caller, {.limit = kPageSize, .cursor = cursor});
  if (!found.ok()) return done(transport::invalid_params(found.error().message));
  transport::TaskPage page{{}, found->next_cursor};
  for (const auto& call : found->calls)
    if (auto view = task_view(context, call)) page.tasks.push_back(std::move(*view));
  done(std::move(page));
}

void FollowedCalls::answer_task(const transport::RequestContext& request, const std::string& id, const json& responses,
                                transport::TaskDone done) {
  const CallContext context = context_of(ports_, request);
  const auto call = find(context, id);
  const Tool* row = call ? row_of(context, *call) : nullptr;
  if (row == nullptr) return done(std::nullopt);
  const Answering as = row->hints.reads_only ? Answering::onlooker : Answering::caller;
  for (const OpenQuestion& question : call->questions) {
    const auto response = responses.find(question.key);
    if (response == responses.end()) continue;
    const auto given = give_answer(context, {.run = question.run, .key = question.key, .answer = *response, .as = as});
    if (!given.ok()) log::info("an answer to a task was passed over", {{"why", describe(given.error().code).name}});
  }
  following_->look_again();
  get_task(request, id, std::move(done));
}

void FollowedCalls::cancel_task(const transport::RequestContext& request, const std::string& id,
                                transport::TaskDone done) {
  const CallContext context = context_of(ports_, request);
  const Found found = look_up(context, id);
  if (!found.goes_on()) return done(found.view);
  const bool started_it = !row_of(context, *found.call)->hints.reads_only;
  if (started_it) ask_to_stop(context, *found.call);
  if (!started_it || request.era == transport::Era::legacy) {
    const auto stopped = ports_.engine.stop_following(context.caller, id);
    if (!stopped.ok()) return done(std::nullopt);
  }
  following_->look_again();
  get_task(request, id, std::move(done));
}

void FollowedCalls::follow_task(const transport::RequestContext& request, const std::string& id,
                                transport::TaskDone changed) {
  const CallContext context = context_of(ports_, request);
  const Found found = look_up(context, id);
  if (!found.goes_on()) return changed(found.view);
  following_->follow({.context = request,
                      .call = {context.caller.tenant, id},
                      .run = RunId{found.call->run->run_id},
                      .changed = std::move(changed)});
}

}  // namespace carillon::tools
