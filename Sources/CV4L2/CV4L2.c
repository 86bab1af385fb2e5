#include "include/CV4L2.h"
