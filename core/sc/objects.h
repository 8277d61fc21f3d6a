// The kinds that the SC stores and serves without acting on them: SmartModules, table formats,
// groups of SPUs, mirrors (control-plane spec 8.8 and 8.9).
//
// Owned by the service; changes go one after another, as those of Topics.
#pragma once

#include "core/sc/context.h"
#include "core/wire/control_plane.h"

namespace weir::sc {

class Objects {
public:
    explicit Objects(Context& context);

    Task<wire::Status> create_smartmodule(wire::CreateRequest request);
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

    Context& context_;
    Logger log_;
};

}  // namespace weir::sc
