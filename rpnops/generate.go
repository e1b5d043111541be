package rpnops

//go:generate sh -c "go run ../cmd/rpnc list -markdown > CATALOGUE.new && mv CATALOGUE.new CATALOGUE.md"
