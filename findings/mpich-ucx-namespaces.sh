#!/bin/bash
# Finding: ranks of Debian's MPICH in containers of one machine do not use the network between them, though their hosts'
# names, addresses and network namespaces differ: UCX tells machines apart by the kernel's boot id and sends through
# shared memory. Of 32 MB that one rank sends to the other, less than 1 MB passes the link; with UCX_TLS=tcp,self all
# do. Whoever measures or limits traffic, or cuts a link to see what happens, sees nothing change. Open MPI uses TCP.
#
# Seen with Debian 12's mpich 4.0.2-3+b1, libucx0 1.13.1-1 and openmpi-bin 4.1.4-3+b1, as root, which network namespaces
# need.
#
# Hypertower's test of ranks on networks sets UCX_TLS.
set -euo pipefail
cd "$(dirname "$0")"

[ "$(id -u)" = 0 ] || { echo "network namespaces need root" >&2 && exit 2; }
./debian-packages mpich=4.0.2-3+b1 libmpich-dev=4.0.2-3+b1 libucx0=1.13.1-1 openmpi-bin=4.1.4-3+b1 \
  libopenmpi-dev=4.1.4-3+b1 iproute2=6.1.0-3
folder=$(mktemp -d)
remove() {
  for host in 1 2; do ip netns del "found$host" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap remove EXIT
remove
mkdir -p "$folder"
for host in 1 2; do ip netns add "found$host"; done
ip link add eth0 netns found1 type veth peer name eth0 netns found2
for host in 1 2; do
  ip -n "found$host" address add "10.78.0.$host/24" dev eth0
  ip -n "found$host" link set eth0 up
  ip -n "found$host" link set lo up
done

# What a launcher calls in place of ssh.
cat >"$folder/agent" <<'END'
#!/bin/bash
while [[ $1 = -* ]]; do shift; done
host=${1##*.}
shift
exec ip netns exec "found$host" unshare --uts sh -c "hostname machine-$host; $*"
END
chmod +x "$folder/agent"

cat >"$folder/send.c" <<'END'
#include <mpi.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int rank, size;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  char *bytes = calloc(1, 1 << 20);
  for (int i = 0; i < 32; ++i) {
    if (rank == 0) MPI_Send(bytes, 1 << 20, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    if (rank == 1) MPI_Recv(bytes, 1 << 20, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  MPI_Finalize();
  return size != 2;
}
END
mpicc.mpich -O1 "$folder/send.c" -o "$folder/send-mpich"
mpicc.openmpi -O1 "$folder/send.c" -o "$folder/send-openmpi"

sent() { ip netns exec found1 cat /sys/class/net/eth0/statistics/tx_bytes; }
# The bytes that pass the link while a command runs on the first machine.
bytes() {
  local before
  before=$(sent)
  ip netns exec found1 "$@" >&2
  echo $(($(sent) - before))
}
hosts=10.78.0.1,10.78.0.2
mpich=(mpirun.mpich -n 2 -launcher ssh -launcher-exec "$folder/agent" -hosts $hosts "$folder/send-mpich")
default=$(bytes "${mpich[@]}")
tcp=$(bytes env UCX_TLS=tcp,self "${mpich[@]}")
openmpi=$(bytes env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun.openmpi -n 2 -host $hosts \
  --mca plm_rsh_agent "$folder/agent" --bind-to none "$folder/send-openmpi")
echo "of $((32 << 20)) bytes, the link carries $default with MPICH, $tcp with UCX_TLS=tcp,self, $openmpi with Open MPI"
((default < 1 << 20 && tcp > 32 << 20 && openmpi > 32 << 20))
