// The package has no exports: it sets the global `connect`.
import "amazon-connect-chatjs";

export const { ChatSession } = window.connect;
