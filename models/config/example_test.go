package config_test

import (
	"fmt"
	"log"

	"gopkg.in/yaml.v3"

	"rpnc/models/config"
	"rpnc/rpnops"
)

func Example() {
	node, err := config.Parse("kappa.yaml", []byte(`
function_class: tinybig.expansion.taylor_expansion
function_parameters: {d: 3}`))
	if err != nil {
		log.Fatal(err)
	}
	var kappa rpnops.Transformation
	if err := config.Decode(node, &kappa); err != nil {
		log.Fatal(err)
	}
	fmt.Println(kappa.OutDim(10))
	// Output: 1110 <nil>
}

func ExampleCodec_Decode() {
	node, err := config.Parse("psi.yaml", []byte(`
function_class: tinybig.reconciliation.lor_reconciliation
function_parameters: {rank: 3}`))
	if err != nil {
		log.Fatal(err)
	}
	var psi rpnops.Reconciliation
	c := config.Codec{File: "psi.yaml"}
	fmt.Println(c.Decode(node, &psi))
	// Output: psi.yaml:2: there is no function "tinybig.reconciliation.lor_reconciliation"; did you mean "lorr_reconciliation"?
}

func ExampleEncode() {
	node, err := config.Encode(rpnops.LoRR{R: 3})
	if err != nil {
		log.Fatal(err)
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(text))
	// Output:
	// function_class: tinybig.reconciliation.lorr_reconciliation
	// function_parameters:
	//     r: 3
	//     enable_bias: false
}
