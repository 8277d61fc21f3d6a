// The answer to DescribeCluster: records, reports and SPUs as the SC knows them now.
//
// Any task of the service's shard.
#pragma once

#include "core/sc/services.h"
#include "core/wire/own_api.h"

namespace weir::sc {

wire::ClusterDescription describe_cluster(const Services& services,
                                          const wire::DescribeCluster& request);

}  // namespace weir::sc
