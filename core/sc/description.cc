#include "core/sc/description.h"

#include <utility>

namespace weir::sc {

wire::ClusterDescription describe_cluster(const Services& services,
                                          const wire::DescribeCluster& request) {
    const Catalog& catalog = services.context.catalog;
    wire::ClusterDescription description;
    description.doubts = services.adoption.doubts();
    for (const auto& [name, entry] : catalog.spus.entries()) {
        wire::DescribedSpu spu;
        spu.id = entry.object.spec.id;
        spu.name = name;
        spu.online = entry.object.status.resolution == SpuResolution::online;
        spu.fenced = entry.extra.fenced;
        spu.draining = entry.extra.draining;
        description.spus.push_back(std::move(spu));
    }
    for (const auto& [name, entry] : catalog.partitions.entries()) {
        if (entry.object.spec.system != request.system) {
            continue;
        }
        wire::DescribedPartition partition;
        partition.key = entry.extra.key;
        partition.record = entry.extra.record;
        partition.status = services.reports.current_status(entry);
        description.partitions.push_back(std::move(partition));
    }
    return description;
}

}  // namespace weir::sc
