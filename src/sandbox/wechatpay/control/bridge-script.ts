/**
 * What a page finds inside WeChat: `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`. It asks the payer in a dialog of
 * its own, or answers by itself when `window.weixinSandbox = { action: 'ok' | 'cancel' | 'fail', openid }` was set before.
 */
export function bridgeScript(publicUrl: string): string {
  return `(() => {
  const endpoint = ${JSON.stringify(`${publicUrl}/_sandbox/jsapi`)};
  const ask = () => new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-label', 'WeChat Pay (simulated)');
    const title = document.createElement('p');
    title.textContent = 'WeChat Pay (simulated): confirm the payment?';
    dialog.append(title);
    for (const [action, words] of [['ok', 'Pay'], ['fail', 'Let the bank refuse'], ['cancel', 'Cancel']]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = words;
      button.addEventListener('click', () => { dialog.remove(); resolve(action); });
      dialog.append(button);
    }
    dialog.addEventListener('cancel', () => { dialog.remove(); resolve('cancel'); });
    document.body.append(dialog);
    dialog.showModal();
  });
  const pay = async (params) => {
    const set = window.weixinSandbox ?? {};
    const action = set.action ?? await ask();
    const body = JSON.stringify({ ...params, action, openid: set.openid });
    const response = await fetch(endpoint, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return response.json();
  };
  window.WeixinJSBridge = {
    invoke(name, params, callback) {
      if (name !== 'getBrandWCPayRequest') return callback?.({ err_msg: name + ':fail', err_desc: 'not simulated' });
      pay(params).then(
        (result) => callback?.(result),
        (error) => callback?.({ err_msg: 'get_brand_wcpay_request:fail', err_desc: String(error) }),
      );
    },
    on() {},
    call() {},
  };
  const tell = () => document.dispatchEvent(new Event('WeixinJSBridgeReady'));
  document.readyState === 'loading' ? document.addEventListener('DOMContentLoaded', tell) : tell();
})();
`
}
