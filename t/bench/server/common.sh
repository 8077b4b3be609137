# What the servers of the benchmark share; see NOTES.md for the contract.

here=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$here/../.." && pwd)
build=${BENCH_BUILD:-$root/build}
nginx=${BENCH_NGINX:-/usr/sbin/nginx}
modules=${BENCH_MODULES:-/usr/lib/nginx/modules}

verb=$1
port=${2:-}
model=${3:-}
dir=${4:-}
workers=${5:-1}

missing() {
    echo "$1"
    exit 1
}

# nginx with the configuration on the standard input, between these lines

run_nginx() {
    mkdir -p "$dir/logs"
    {
        echo "daemon off; pid $dir/nginx.pid; error_log $dir/error.log warn;"
        echo "worker_processes $workers; worker_rlimit_nofile 20000;"
        [ "$(id -u)" != 0 ] || echo "user root;"
        cat
    } > "$dir/nginx.conf"

    exec "$nginx" -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log"
}
