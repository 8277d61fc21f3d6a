// The kinds that the SC stores and serves without acting on them: SmartModules, table formats,
// groups of SPUs, mirrors (control-plane spec 8.8 and 8.9).
//
// Owned by the service; changes go one after another, as those of Topics.
#pragma once

#include "core/sc/context.h"
#include "core/sc/spus.h"
#include "core/wire/control_plane.h"

namespace weir::sc {

class Objects {
public:
    Objects(Context& context, const Spus& spus);

    // Answers when all SPUs that are online know the module; smartmodule_error when they do not
    // within the time that the request allows, else topic_wait: it is stored all the same. The
    // token ends the waiting.
    Task<wire::Status> create_smartmodule(wire::CreateRequest request, CancelToken token);
    Task<wire::Status> create_table_format(wire::CreateRequest request);
    Task<wire::Status> create_spu_group(wire::CreateRequest request);
    Task<wire::Status> create_mirror(wire::CreateRequest request);

    Task<wire::Status> remove_smartmodule(std::string name);
    Task<wire::Status> remove_table_format(std::string name);
    Task<wire::Status> remove_spu_group(std::string name);
    Task<wire::Status> remove_mirror(std::string name);

private:
    // Stores and shows; the caller holds Context::changing.
    template <typename Table, typename Spec>
    Task<Result<void>> put(Table* table, RecordKind kind, std::string name, Spec spec);
    template <typename Table>
    Task<Result<void>> erase(Table* table, RecordKind kind, std::string name);
    Task<wire::Status> wait_known(std::string name, std::uint64_t epoch, Duration limit,
                                  CancelToken token);

    Context& context_;
    const Spus& spus_;
    Logger log_;
};

}  // namespace weir::sc
