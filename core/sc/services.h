// The parts of the SC that connections call, in one place.
//
// Owned by the service, outlives every connection.
#pragma once

#include "core/sc/context.h"
#include "core/sc/objects.h"
#include "core/sc/spus.h"
#include "core/sc/topics.h"

namespace weir::sc {

struct Services {
    explicit Services(Context& context_in)
        : context(context_in), topics(context_in), spus(context_in), objects(context_in) {}
    Context& context;
    Topics topics;
    Spus spus;
    Objects objects;
};

}  // namespace weir::sc
