// Counts heap allocations of a whole process. For the allocation check only.
#pragma once

/// Starts counting at zero.
void allocation_counter_start(void);
/// Stops and returns the number of malloc, calloc, realloc and aligned allocations since the start.
long allocation_counter_stop(void);
