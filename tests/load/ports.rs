//! A machine whose local ports are all in use, made as a network namespace of its own with eight of them.

use std::process::Command;

use serde_json::Value;

/// Exit code of the script where no such namespace can be made here.
const CANNOT: i32 = 77;

/// Serves the shop while there are ports, leaves eight, and loads it over 32 connections.
const SCRIPT: &str = r#"
ip link set lo up || exit 77
mkfifo "$HOME/said" && { "$0" sandbox serve --still --kubeconfig "$HOME/kubeconfig" > "$HOME/said" & }
served=$!
exec 3< "$HOME/said"
read -r first <&3
echo '40000 40007' > /proc/sys/net/ipv4/ip_local_port_range || { kill $served; exit 77; }
KUBECONFIG="$HOME/kubeconfig" "$0" perf run service://shop/web/ -c 32 -d 1s -o json
code=$?
kill $served
exit $code
"#;

#[test]
fn a_machine_without_local_ports_is_not_the_target_s_fault() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--net", "--map-root-user", "sh", "-c", SCRIPT, env!("CARGO_BIN_EXE_meshplay")]);
    let output = match command.env("HOME", home.path()).env_remove("XDG_DATA_HOME").output() {
        Ok(output) if output.status.code() != Some(CANNOT) && !String::from_utf8_lossy(&output.stderr).starts_with("unshare") => output,
        other => {
            let why = other.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
            eprintln!("skipped: no network namespace of its own can be made here: {why}");
            return;
        }
    };
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert!(json["errors"].as_object().unwrap().keys().eq(["ports_exhausted"]) && json["requests"].as_u64().unwrap() > 0, "{json}");
    let ports = json["reasons"].as_array().unwrap().iter().any(|reason| reason["cause"] == "ports");
    assert!(json["stamp"] == "invalid" && ports, "{json}");
}
