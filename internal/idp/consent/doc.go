// Package consent owns what people permitted relying parties to see
// («Согласия») and which of them they have visited («Авторизованные порталы»).
//
// A consent is never changed, only ended:
//
//	given --Withdraw--> withdrawn        by the person: tokens stop working
//	  ├--wider Give---> replaced         the new record holds the union
//	  └--expires_at---> expired          the next sign-in asks again
//
// At most one consent of a person for a client is in force, guarded by a unique
// index. Tokens refer to the record and look at it whenever they are used, so
// that a withdrawal takes effect at once.
//
// Sites of the deployment's own staff (client.FirstParty) need none.
package consent
