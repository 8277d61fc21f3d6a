// The parts of the SC that connections call, in one place.
//
// Owned by the service, outlives every connection.
#pragma once

#include "core/sc/adoption.h"
#include "core/sc/context.h"
#include "core/sc/objects.h"
#include "core/sc/operations.h"
#include "core/sc/partition_reports.h"
#include "core/sc/partitions.h"
#include "core/sc/registration.h"
#include "core/sc/spus.h"
#include "core/sc/topics.h"

namespace weir::sc {

struct Services {
    explicit Services(Context& context_in)
        : context(context_in),
          reports(context_in),
          spus(context_in, reports),
          partitions(context_in, spus, reports),
          topics(context_in, spus, reports),
          adoption(context_in, spus, reports, topics),
          registration(context_in, partitions, reports, adoption),
          objects(context_in, spus),
          operations(context_in, reports) {}
    Context& context;
    PartitionReports reports;
    Spus spus;
    Partitions partitions;
    Topics topics;
    Adoption adoption;
    Registration registration;
    Objects objects;
    Operations operations;
};

}  // namespace weir::sc
