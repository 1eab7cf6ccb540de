// The engine: what may be asked of Carillon. One function a command or question; a command is one transaction that
// loads, decides, saves, and writes its outbox event and audit row (product promise 7).
//
// Who asks comes in the Caller, never in a command. A refusal is an Error that says what to change; a machine that
// fails (database away) throws and is answered at dispatch. It knows neither MCP nor JSON schemas of tools, and it
// never waits for a run to end (run_watch.h). Scopes are checked by dispatch, tenants here by every repository.
//
// Thread-safe: holds references only; every call takes its own connection.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/caller.h"
#include "server/domain/notify.h"
#include "server/domain/quiet_rules.h"
#include "server/domain/run_id.h"
#include "server/domain/tool_caller.h"
#include "server/engine/approval_commands.h"
#include "server/engine/calendar_commands.h"
#include "server/engine/changes.h"
#include "server/engine/children.h"
#include "server/engine/command.h"
#include "server/engine/credential_commands.h"
#include "server/engine/deliveries.h"
#include "server/engine/event_commands.h"
#include "server/engine/followed_calls.h"
#include "server/engine/own_steps.h"
#include "server/engine/pipeline_commands.h"
#include "server/engine/queries.h"
#include "server/engine/questions.h"
#include "server/engine/run_commands.h"
#include "server/engine/run_watch.h"
#include "server/engine/state_commands.h"
#include "server/engine/task_commands.h"

namespace carillon {

class Store;
struct DefineContext;
struct Listeners;

struct EngineOptions {
  std::string zone = "UTC";                          // of callers that told none
  std::string durable = "daemon";                    // daemon, server or host_only: what a create answers
  std::string service_offer = "";                    // what get_status says while tasks are active; empty: nothing
  Duration describe_wait = std::chrono::seconds{5};  // for a downstream server to list its tools when a task is made
  Duration look_wait = std::chrono::seconds{1};      // the same when a task is shown
  Duration restorable = std::chrono::days{30};       // deleted items
  // Why nothing is delivered to targets of a kind from here; nothing: it is. Asked when a task is made.
  std::function<std::optional<std::string>(TargetKind)> undeliverable{};
  Duration keep_followed_calls = std::chrono::hours{24};  // at least; a client may ask for more, up to 30 days
  QuietSettings quiet{};                                  // of agents, tenants and messages
  int child_depth_max = 5;                                // how many runs may be above one that a step starts
  int child_runs_max = 1000;                              // of the steps of one run and of all runs below it
  // JSON pointers into arguments and results of a tool that are masked where a run is shown; nothing: of none.
  std::function<std::vector<std::string>(std::string_view)> sensitive{};
};

struct EngineParts {
  Store& store;
  const Clock& clock;
  ToolCaller& tools;
  WorkerSignal& worker;
  RunIdMaker& ids;
};

class Engine {
 public:
  Engine(EngineParts parts, EngineOptions options) : parts_(parts), options_(std::move(options)) {}

  Result<TaskSaved> schedule_task(const Caller& caller, const ScheduleTask& command);
  Result<TaskSaved> update_task(const Caller& caller, const UpdateTask& command);
  Result<TaskStateSet> set_task_state(const Caller& caller, const SetTaskState& command);
  Result<Snoozed> snooze(const Caller& caller, const Snooze& command);
  // A changed calendar gives the tasks that use it new next slots at once; one that is used is not deleted (conflict).
  Result<CalendarSaved> save_calendar(const Caller& caller, const SaveCalendar& command);
  Result<CalendarDeleted> delete_calendar(const Caller& caller, const DeleteCalendar& command);
  // All, or the one of that name. Errors: unknown_name.
  Result<std::vector<CalendarView>> list_calendars(const Caller& caller, const std::optional<std::string>& name);
  // Errors: arguments_invalid at /kind, unknown_name at /name, conflict for what is in use, not_allowed.
  Result<ItemDeleted> delete_item(const Caller& caller, const DeleteItem& command);

  // Errors: what makes steps unfit, at their place (pipeline.h, action_check.h); version_conflict with what differs,
  // name_taken, unknown_name at /from_template.
  Result<PipelineSaved> save_pipeline(const Caller& caller, const SavePipeline& command);
  // Errors: unknown_name at /names/<n>, arguments_invalid at /limit or /cursor.
  Result<PipelinePage> list_pipelines(const Caller& caller, const ListPipelines& query);
  // What a run would do; nothing is called or saved. Errors: as of save_pipeline, and arguments_invalid below /input.
  Result<PlannedSteps> preview_plan(const Caller& caller, const PreviewPlan& query);

  // Errors: unknown_name, conflict (a template is not run), arguments_invalid below /input.
  Result<RunStarted> run_now(const Caller& caller, const RunNow& command);
  // Queues runs behind each other, at most 1,000 by one command; repeating it finds nothing left to do.
  Result<Backfilled> backfill(const Caller& caller, const Backfill& command);
  Result<RunStarted> retry_run(const Caller& caller, const RetryRun& command);
  // Repeating it finds only what has failed since, or failed again. Errors: arguments_invalid at /run, /error_class,
  // /since or /limit, unknown_name at /task.
  Result<RunsRetried> retry_failed(const Caller& caller, const RetryFailed& command);
  Result<RunStarted> call_tool(const Caller& caller, const CallTool& command);
  Result<RunCancelled> cancel_run(const Caller& caller, const CancelRun& command);
  Result<RunResponded> respond_to_run(const Caller& caller, const RespondToRun& command);
  // What a step asks an agent to do. Errors: run_not_waiting, not_allowed, conflict (somebody else has claimed it),
  // arguments_invalid at /answer.
  Result<WorkResponded> respond_to_work(const Caller& caller, const RespondToWork& command);
  // approval_commands.h. What live runs wait to be approved.
  AskedApprovals list_approvals(const Caller& caller);
  // Of any tenant; nothing: there is no such link, or its approval is forgotten.
  std::optional<LinkedApproval> find_approval_link(const std::string& sha256);
  // As the person who holds the link. Errors: unknown_name, conflict (another digest than the one that is asked),
  // run_not_waiting (decided before, expired, or the run has ended), arguments_invalid at /comment.
  Result<RunResponded> decide_by_link(const DecideByLink& command);
  // Of the tenant, those that count.
  std::vector<StandingGrant> list_standing_grants(const Caller& caller);
  // Errors: unknown_name at /grant.
  Status revoke_standing_grant(const Caller& caller, std::int64_t id);
  // A link for the holder.
  void keep_approval_link(const Caller& caller, const NewApprovalLink& link);
  // The arguments against the tool's schema, and the caller's scopes; nothing called. Errors: unknown_tool,
  // not_allowed, arguments_invalid, server_unavailable.
  Result<ToolChecked> check_tool(const Caller& caller, const CallTool& command);

  // Errors: arguments_invalid at /event or /key, too_large at /payload.
  Result<EventPublished> publish_event(const Caller& caller, const PublishEvent& command);
  // own_steps.h. Errors: what the step lacks; a machine that fails throws, and then the step may have been performed:
  // the same call again says so.
  Result<OwnStepEnd> perform_step(const OwnStep& step);
  // Whose address that is; nothing: nobody's, or its task is done or deleted.
  std::optional<Webhook> find_webhook(const std::string& id);
  // Tells the event of a delivery that was looked at (web/webhooks.h). Errors: too_large.
  Result<EventPublished> take_webhook(const Caller& sender, const Webhook& hook, const WebhookEvent& delivered);
  // Of a call that makes tasks: whether one of the tenant's runs makes it, `run` as the caller's trace says. Errors:
  // not_allowed, with an audit row.
  Status refuse_to_runs(const Caller& caller, RunId run, const std::string& tool);
  // An audit row.
  void note_refused_webhook(const Caller& sender, const Webhook& hook, const RefusedWebhook& refused);
  // Errors: arguments_invalid at /event, /since, /limit or /cursor.
  Result<EventPage> list_events(const Caller& caller, const ListEvents& query);

  // Errors: arguments_invalid at /namespace or /key, and those of changed() (domain/state_entry.h).
  Result<StateChanged> set_state(const Caller& caller, const SetState& command);
  // A key under which there is nothing is an answer, with the nearest keys. Errors: arguments_invalid at /namespace,
  // /key, /prefix, /limit or /cursor.
  Result<StateDetail> get_state(const Caller& caller, const GetState& query);
  Result<StatePage> list_state(const Caller& caller, const ListState& query);

  // credential_commands.h. The first two need the owner's login (LocalEngine::Login). Errors: arguments_invalid at
  // /agent, /scopes or /lifetime, name_taken (the name is no agent's).
  Result<TokenCreated> create_token(const Caller& caller, const CreateToken& command);
  // An agent left without a token has its active tasks paused. Errors: unknown_name at /token or /agent.
  Result<TokensRevoked> revoke_tokens(const Caller& caller, const RevokeTokens& command);
  std::vector<Credential> list_tokens(const Caller& caller);
  // Of any tenant, also one that counts no more; nothing: nobody has it.
  std::optional<Credential> find_token(const std::string& sha256);

  Result<TaskPage> list_tasks(const Caller& caller, const ListTasks& query);
  Result<TaskDetail> get_task(const Caller& caller, const GetTask& query);
  Result<RunPage> list_runs(const Caller& caller, const ListRuns& query);
  Result<RunDetail> get_run(const Caller& caller, const GetRun& query);
  Result<Previewed> preview(const Caller& caller, const Preview& query);
  Result<StatusReport> get_status(const Caller& caller, StatusUse use = StatusUse::asked);
  Result<NamesAnswer> find_names(const Caller& caller, const FindNames& query);

  // What watches want to know (changes.h). find_watched is for tasks and runs; errors: unknown_name. marks_of answers
  // each that it was asked for, for all tenants at once.
  Result<Watched> find_watched(const Caller& caller, Watched::Kind kind, const std::string& name);
  ChangeMarks marks_of(const std::vector<Watched>& watched);
  Activity look_at_activity(ActivityTail& tail);

  // Takes what is due for the recipients, hands each to `send`, and writes what became of it.
  void deliver(const DeliverWanted& wanted, const Send& send);

  // followed_calls.h. Errors: unknown_name at /id for what is not the caller's, arguments_invalid at /cursor.
  void follow_call(const Caller& caller, const FollowCall& command);
  Result<FollowedCall> find_followed_call(const Caller& caller, const std::string& id);
  Result<FollowedCallPage> list_followed_calls(const Caller& caller, const ListFollowedCalls& query);
  // The caller wants no answer any more; the run goes on.
  Status stop_following(const Caller& caller, const std::string& id);
  // Of all tenants, by ids that were handed out to their owners; unknown ones are left out.
  std::vector<FollowedCallState> followed_call_states(const std::vector<FollowedCallId>& calls);

  // questions.h. What a run asks and the caller may answer: its call the oldest first, then approvals as forms.
  std::vector<OpenQuestion> open_questions(const Caller& caller, RunId run);
  // Errors: run_not_waiting (somebody was first, details say who; or the call is over), unknown_name, not_allowed,
  // arguments_invalid with a pointer into the answer.
  Result<QuestionAnswered> answer_question(const Caller& caller, const AnswerQuestion& command);

  RunWatch& watch() { return watch_; }
  // Resumes tasks and tenants whose pause has an end that has come. The worker's poll calls it, about once a second.
  void end_pauses();
  // Asks for the end of runs whose parents have ended without them. The worker's poll calls it, about once a second.
  void cancel_orphans();
  // Tells the watchers of runs that other processes have finished, what those ask and how far they are. The worker's
  // poll calls it, about once a second.
  void check_watched_runs();

 private:
  std::string zone_of(const Caller& caller) const;
  std::string own_correlation_id();
  Listeners listeners();
  Result<OwnStepEnd> await_event(const OwnStep& step);
  Result<OwnStepEnd> await_approval(const OwnStep& step);
  Result<OwnStepEnd> perform_child(const OwnStep& step);
  Result<OwnStepEnd> start_child(const OwnStep& step);
  OwnStepEnd look_at_child(const OwnStep& step);
  Result<OwnStepEnd> ask_child(const OwnStep& step);
  Result<std::vector<KnownChild>> known_children(const Caller& caller, const Action& action, const std::string& name);
  Result<OwnStepEnd> await_work(const OwnStep& step);
  Result<QuestionAnswered> decide_by_form(const Caller& caller, const AnswerQuestion& command);
  OwnStepEnd look_at_wait(const OwnStep& step);
  OwnStepEnd end_wait(const OwnStep& step);
  // The warnings. Errors: as of check_targets and PromptTemplates::check.
  Result<std::vector<std::string>> check_action(const Caller& caller, const Action& action);
  Status check_prompts(const Caller& caller, const Action& action);
  Result<std::vector<std::string>> check_notified(const Caller& caller, const std::vector<std::string>& targets);
  Result<std::vector<std::string>> check_changed_targets(const Caller& caller, const UpdateTask& command,
                                                         const DefineContext& context);

  EngineParts parts_;
  EngineOptions options_;
  RunWatch watch_;
};

}  // namespace carillon
