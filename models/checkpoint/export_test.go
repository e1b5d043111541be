package checkpoint

// Hold marks a file as that of a live writer.
var Hold = hold
