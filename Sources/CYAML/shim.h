#ifndef CONFD_CYAML_SHIM_H
#define CONFD_CYAML_SHIM_H
#include <yaml.h>
#endif
