// List: the objects of a kind, filtered as Fluvio does it (control-plane spec 5.3), sorted by name.
//
// A pure function of the catalog; no suspension. `invalid_argument` for a SmartModule filter that
// cannot be read, which closes the connection.
#pragma once

#include "core/sc/context.h"
#include "core/sc/partition_reports.h"
#include "core/wire/control_plane.h"

namespace weir::sc {

Result<wire::ListResponse> list_objects(const Catalog& catalog, const PartitionReports& reports,
                                        const wire::ListRequest& request);

// The object as a list or a watch with `summary` shows it: its size instead of its payload.
SmartModuleObject summarised(SmartModuleObject object);

}  // namespace weir::sc
