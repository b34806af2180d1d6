// Package cluster runs what a country would: three database machines with etcd
// and Patroni, files in S3, three processes of Okno behind a balancer. It kills
// machines under load and counts what people have lost, which is nothing, and how
// long they had to wait.
//
//	test/cluster/run      what it needs, then the test, with its figures
//
// The programs are Debian's (etcd-server, patroni, postgresql), unpacked into a
// folder of the test: no service of the machine is installed or touched.
package cluster
