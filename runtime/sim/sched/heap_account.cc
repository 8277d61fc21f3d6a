#include "runtime/sim/sched/heap_account.h"

#include <algorithm>
#include <iterator>

namespace weir::sim {

constinit HeapAccounts g_heap;

void begin_heap_run() {
    ++g_heap.run;
    std::fill(std::begin(g_heap.bytes), std::end(g_heap.bytes), 0);
}

}  // namespace weir::sim
