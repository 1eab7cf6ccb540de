#include "tools/caller_of.h"

namespace carillon::tools {

Caller caller_of(const transport::RequestContext& context) {
  return {.tenant = TenantId{context.principal.tenant},
          .agent = AgentId{context.principal.agent},
          .scopes = scopes_named(context.principal.scopes),
          .correlation_id = context.correlation_id,
          .zone = context.zone,
          .kind = caller_kind_named(context.principal.kind)};
}

}  // namespace carillon::tools
