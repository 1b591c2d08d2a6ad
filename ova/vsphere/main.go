// A vCenter in memory and VMware's own command-line client in one program, for the test that deploys the OVA by URL.
// `vsphere simulate` prints the address of the vCenter and ends with its standard input; anything else is a govc command.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/vmware/govmomi/cli"
	_ "github.com/vmware/govmomi/cli/device"
	_ "github.com/vmware/govmomi/cli/importx"
	_ "github.com/vmware/govmomi/cli/library"
	_ "github.com/vmware/govmomi/cli/version"
	_ "github.com/vmware/govmomi/cli/vm"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "simulate" {
		os.Exit(cli.Run(os.Args[1:]))
	}
	model := simulator.VPX()
	model.Host = 0 // one cluster and nothing beside it: there is one place to deploy to
	defer model.Remove()
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	model.Service.TLS = new(tls.Config)
	model.Service.RegisterEndpoints = true
	server := model.Service.NewServer()
	defer server.Close()
	fmt.Println(server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
