#include "kernels.h"
const char kernels_placeholder[] = "";
