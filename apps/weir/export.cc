#include "apps/weir/fluvio/directory.h"
#include "apps/weir/output.h"
#include "apps/weir/session.h"
#include "apps/weir/transfer.h"
#include "core/client/admin.h"

#include <fmt/core.h>

#include <utility>

namespace weir::cli {
namespace {

template <typename Spec>
Task<Result<void>> fetch(Session& session, std::vector<Object<Spec>>& objects,
                         client::Listing listing) {
    client::Admin admin(session.client);
    wire::ListRequest request;
    request.kind = Spec::kKind;
    request.system = listing == client::Listing::system_objects;
    WEIR_CO_TRY(wire::ListResponse response, co_await admin.list(std::move(request), session.stop));
    auto* listed = std::get_if<std::vector<Object<Spec>>>(&response.objects);
    if (listed == nullptr) {
        co_return fail(ErrorCode::malformed,
                       fmt::format("the SC answered a list of {} with others", label(Spec::kKind)));
    }
    for (Object<Spec>& object : *listed) {
        objects.push_back(std::move(object));
    }
    co_return Result<void>();
}

Task<Result<void>> fetch_all(Session& session, fluvio::Metadata& metadata) {
    using client::Listing;
    for (const Listing listing : {Listing::user_objects, Listing::system_objects}) {
        WEIR_CO_CHECK(co_await fetch(session, metadata.topics, listing));
        WEIR_CO_CHECK(co_await fetch(session, metadata.partitions, listing));
    }
    WEIR_CO_CHECK(co_await fetch(session, metadata.spus, Listing::user_objects));
    WEIR_CO_CHECK(co_await fetch(session, metadata.smartmodules, Listing::user_objects));
    WEIR_CO_CHECK(co_await fetch(session, metadata.table_formats, Listing::user_objects));
    WEIR_CO_CHECK(co_await fetch(session, metadata.spu_groups, Listing::user_objects));
    co_return co_await fetch(session, metadata.mirrors, Listing::user_objects);
}

Task<Result<void>> export_metadata(Session& session, const ClusterExportOptions& options) {
    fluvio::Metadata metadata;
    WEIR_CO_CHECK(co_await fetch_all(session, metadata));
    const std::string folder = options.to + "/metadata";
    WEIR_CO_CHECK(fluvio::save_metadata(metadata, folder));
    print_line(fmt::format(
        "{} topics, {} partitions and {} SPUs written to {}; their records are "
        "not part of it",
        metadata.topics.size(), metadata.partitions.size(), metadata.spus.size(), folder));
    co_return Result<void>();
}

}  // namespace

int cluster_export(const Target& target, const ClusterExportOptions& options) {
    return run_session(target, &export_metadata, options);
}

}  // namespace weir::cli
